import torch

from bachbot.models.library import Library

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
    assert (_changed(Library(W, 5, 0.5).eval(), tokens) == wanted).all()


def test_while_training_some_cells_hear_of_none():
    tokens = torch.randint(V, (N, K))
    heard = _changed(Library(W, 5, 0.3).train(), tokens).any(1)
    assert 0.6 < heard.float().mean() < 0.8
    assert _changed(Library(W, 5, 0.0).train(), tokens).any(1).all()
