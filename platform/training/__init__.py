"""One loop, many objectives: `pretrain` and `train` are the stages, `fit` is the loop beneath them."""
