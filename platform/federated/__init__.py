"""Federated training: one pair of Flower apps, run on any grid.

A client's rows stay in its own folder (`sites.py`); what travels is weights and numbers (`messages.py`). The
client's work is `client_app.py` over the one training loop, the server's is `rounds.py` over Flower's
strategies.
"""

import os

# Read by Flower when it is imported: nothing is reported to its makers, nothing is asked of them.
os.environ["FLWR_TELEMETRY_ENABLED"] = "0"
os.environ["FLWR_DISABLE_UPDATE_CHECK"] = "1"
