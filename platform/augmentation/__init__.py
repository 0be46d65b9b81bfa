"""Random views of whole batches of images, as tensor operations under one generator."""
