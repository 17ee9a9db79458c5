import torch

from bachbot.models.lookahead_layers import NEIGHBOR_DROPOUT, DatastoreAttention

N, K, V, W = 400, 3, 13, 8


def _changed(attention, tokens):
    """Which scores the neighbors change, [N, V]."""
    torch.manual_seed(0)
    scores, hidden = torch.zeros(N, V), torch.randn(N, W)
    lengths = torch.ones(N, K, dtype=torch.int64)
    with torch.no_grad():
        return attention.add_scores(scores, hidden, tokens, (lengths, lengths)) != 0


def test_only_the_scores_of_the_neighbors_tokens_change():
    tokens = torch.randint(V + 1, (N, K))
    wanted = torch.zeros(N, V + 1, dtype=torch.bool).scatter(1, tokens, True)[:, :V]
    assert (_changed(DatastoreAttention(W, 5).eval(), tokens) == wanted).all()


def test_most_cells_see_no_neighbors_in_training():
    tokens = torch.randint(V, (N, K))
    seen = _changed(DatastoreAttention(W, 5).train(), tokens).any(1).float().mean()
    assert abs(seen - (1 - NEIGHBOR_DROPOUT)) < 0.1
