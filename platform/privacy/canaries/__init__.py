"""Gradients that training puts into a private run, or leaves out, by fair coins: an attack on its epsilon.

    gradient_canaries   which coordinates, and how the coins fell
    canary_stepper      the private step with canaries in it, which keeps count of what they left behind
    scores              what is published of them when the run is over: `canaries.parquet`

What the scores show is measured by `audits/privacy/one_run.py`.
"""
