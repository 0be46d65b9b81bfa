"""Attacks on a trained model (do they learn who was in the training data?), and what privacy cost.

    measure            everything that stored evidence says
    one_run            epsilon lower bound from canaries that fair coins put in or left out of training
    claims             what that bound says of a claimed epsilon
    gates              what policies ask of these numbers, and how an attack refutes a claim
    members            what is kept of rows that were trained on, and of others
    membership         findings of a membership attack: ROC, AUC, TPR at low FPR
    exposure           which groups are found more easily
    confidence         what a model's outputs say of one row
    lira               likelihood ratios from shadow models
    shadows            many small models trained at once
    odds               what an epsilon means in words
    cost               what privacy cost beside other models: metrics, and the curve over epsilon
    group_cost         what it cost each group, and the gaps between them
    gap_change         whether a gap between groups grew
    side               groups under two models, as estimates

An attack that fails proves nothing. Nothing is imported here: `config` needs no heavy library.
"""
