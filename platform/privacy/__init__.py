"""Differential privacy: clipping by book-keeping, noise, Poisson sampling, accounting.

    private_run.private_run     sampler and stepper for a budget, checked: what `fit` is called with
    stepper.private_stepper     the objective's stepper, for `fit(…, sampler=Poisson(…), stepper=…)`
    poisson_sampler.Poisson     the sampler that the accountant assumes
    accountant                  epsilon of what ran; the noise for a budget
    self_check                  that the mechanism which runs is the one that is accounted for

Nothing is imported here: the section of the spec, `config`, needs no heavy library.
"""
