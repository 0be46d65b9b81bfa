"""Make scores mean what they say."""
