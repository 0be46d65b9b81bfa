"""Everything that was ever spent on a data set, as events, and the budget that it may not exceed.

    ledger.Ledger               reserve, begin, settle, release; budgets; what was spent
    events                      what a mechanism did, in dp-accounting's words
    row_digests.row_digests     rows as the ledger knows them again in other files (needs pyarrow)

Nothing is imported here: asking for a reservation costs numpy and SQLAlchemy, and no more.
"""
