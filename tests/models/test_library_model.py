import torch

from bachbot.models.lookahead_layers import HIDDEN, DatastoreAttention

N, K, V, W = 400, 3, 13, 8


def _changed(library, tokens):
    """Whose scores the candidates change, [N, V]."""
    torch.manual_seed(0)
    scores, hidden = torch.zeros(N, V), torch.randn(N, W)
    runs = torch.ones(N, K, dtype=torch.int64)
    with torch.no_grad():
        return library.followed(scores, hidden, tokens, (runs, runs)) != 0


def test_what_the_candidates_did_is_put_up_and_nothing_else():
    tokens = torch.randint(V + 1, (N, K))
    wanted = torch.zeros(N, V + 1, dtype=torch.bool).scatter(1, tokens, True)[:, :V]
    assert (_changed(DatastoreAttention(W, 5).eval(), tokens) == wanted).all()


def test_while_training_most_cells_hear_of_none():
    tokens = torch.randint(V, (N, K))
    heard = _changed(DatastoreAttention(W, 5).train(), tokens).any(1).float().mean()
    assert abs(heard - (1 - HIDDEN)) < 0.1
