"""Corruptions of images, a file a family."""
