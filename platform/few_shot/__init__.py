"""Few-shot learning: trained by episodes of known classes, judged by episodes of new ones."""
