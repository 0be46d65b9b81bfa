"""Gradients that fair coins put into a private run, or leave out: an attack on the epsilon that it claims.

    coins            how they fall, and what they are made of
    canary_stepper   the private step with canaries in it, which keeps count of what they left behind
    noise_watch      that the model's own gradients get the noise which canaries get
    mislabelled      the same attack by rows with wrong labels, told by what the model says of them
    scores           what is published of either when the run is over, in a parquet file each

What the scores show is measured by `audits/privacy/one_run.py`.
"""
