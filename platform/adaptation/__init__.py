"""Domain adaptation: labels of one domain, and rows of another without any."""
