"""The perceptron against scikit-learn's logistic regression, and its votes."""

import torch
from assay.models.inputs import TabularInput
from assay.models.perceptron import Perceptron
from sklearn.linear_model import LogisticRegression

TABLE = TabularInput(numeric=3, cardinalities=(4,))


def test_the_votes_and_the_bias_add_up_to_the_logits():
    network = Perceptron(TABLE, 2, encoding="linear")
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter)
    numeric, categorical = torch.randn(5, 3), torch.randint(4, (5, 1))
    votes = network.tokens(numeric, categorical)
    torch.testing.assert_close(network(numeric, categorical), votes.sum(dim=1) + network.head.bias)


def test_it_learns_what_logistic_regression_learns():
    torch.manual_seed(0)
    table = TabularInput(numeric=3, cardinalities=())
    numeric, categorical = torch.randn(400, 3), torch.zeros(400, 0, dtype=torch.long)
    target = (numeric @ torch.tensor([1.0, -2.0, 0.5]) + torch.randn(400) > 0.3).long()
    network = Perceptron(table, 2, encoding="linear")
    optimizer = torch.optim.LBFGS(network.parameters(), max_iter=200, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(network(numeric, categorical), target)
        loss.backward()
        return loss

    optimizer.step(closure)
    theirs = LogisticRegression(C=1e6, tol=1e-8, max_iter=1000).fit(numeric.numpy(), target.numpy())
    ours = network(numeric, categorical).softmax(dim=1)[:, 1].detach()
    torch.testing.assert_close(
        ours, torch.tensor(theirs.predict_proba(numeric.numpy())[:, 1]), atol=1e-3, rtol=0, check_dtype=False
    )
