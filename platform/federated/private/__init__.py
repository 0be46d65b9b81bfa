"""Differential privacy of federated training: noise that hides whole clients, or rows at every client.

Clients:

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

Rows:

record_privacy.py   from the section `privacy` to the noise at every client, and what is claimed
planned_records.py  all that can be refused, before the ledger hears of it
record_terms.py     what clients are told
common_rate.py      coins of one rate for rows of every client
noisy_steps.py      a client's steps
step_check.py       do they have the noise that is accounted for?
"""
