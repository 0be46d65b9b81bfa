"""Client-level differential privacy: the noise hides whole clients, each with all of its rows.

updates.py         a client's change of the weights, cut to a bound
noisy_mean.py      the mechanism: clip, add up, add noise, divide by a fixed number
canaries.py        imagined clients that attack it meanwhile
self_check.py      is that what runs?
strategy.py        the noisy mean before any of Flower's strategies
strategies.py      which of them can't be fed with it
planned.py         all that can be refused, before the ledger hears of it
client_privacy.py  from the section `privacy` to the noise, the draw of clients and what is claimed
charged.py         the ledger hears of it, before and after
withheld.py        what of a training would tell who took part
"""
