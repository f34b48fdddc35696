from types import SimpleNamespace

import numpy as np
import pytest
from scipy.spatial import distance

from couturier.evaluate.closeness import measure_diversity, measure_vectors
from couturier.evaluate.records import Score


def unit(side):
    return (side / np.linalg.norm(side, axis=1, keepdims=True)).astype(np.float32)


def looks_of(vectors, prompts):
    scores = [
        Score(f"{n}.png", (), None, None, "", {"key": str(n), "prompt": prompt})
        for n, prompt in enumerate(prompts)
    ]
    return scores, {str(n): vector for n, vector in enumerate(vectors)}


def catalogue_of(vectors, held_out=(), photographs=None):
    return SimpleNamespace(vectors=vectors, held_out=list(held_out), held_out_vectors=photographs)


def test_diversity_worked_by_hand():
    apart, same = np.eye(2), np.array([[1.0, 0.0], [1.0, 0.0]])
    found = measure_diversity({"a": apart, "b": same, "alone": np.eye(2)[:1]})
    assert (found.value, found.n) == (pytest.approx(0.5), 2)


def test_diversity_is_scipys_mean_cosine_distance():
    side = unit(np.random.default_rng(3).normal(size=(7, 5))).astype(float)
    expected = distance.pdist(side, "cosine").mean()
    assert measure_diversity({"a": side}).value == pytest.approx(expected, rel=1e-5)


def test_pictures_all_alike_have_no_variety():
    assert measure_diversity({"a": np.ones((4, 1))}).value == pytest.approx(0)


def test_looks_that_show_any_product_alike_are_no_nearer_to_their_own():
    photographs = unit(np.eye(4))
    items = [SimpleNamespace(image_id=str(n), text=f"dress {n}") for n in range(4)]
    scores, vectors = looks_of(unit(np.ones((4, 4))), [item.text for item in items])
    found = measure_vectors(scores, vectors, catalogue_of(photographs, items, photographs))
    assert found["own_product"].value == pytest.approx(0, abs=1e-6)


def test_a_handful_of_looks_tells_no_precision_and_no_recall():
    draw = np.random.default_rng(0)
    scores, vectors = looks_of(unit(draw.normal(size=(12, 5))), ["a dress"] * 12)
    found = measure_vectors(scores, vectors, catalogue_of(unit(draw.normal(size=(90, 5)))))
    assert found["precision"] is None
    assert found["kid"] is not None


def test_looks_of_the_catalogues_own_kind_are_precise_and_others_are_not():
    draw = np.random.default_rng(0)
    theirs = catalogue_of(unit(draw.normal(size=(200, 4))))
    near = looks_of(unit(draw.normal(size=(60, 4))), ["a dress"] * 60)
    far = looks_of(unit(draw.normal(size=(60, 4)) * 0.05 + [9, 0, 0, 0]), ["a dress"] * 60)
    assert measure_vectors(*near, theirs)["precision"] > 0.7
    assert measure_vectors(*far, theirs)["recall"] < 0.3


def test_looks_nearer_to_their_own_product_are_told_as_such():
    photographs = unit(np.eye(3))
    items = [SimpleNamespace(image_id=str(n), text=f"dress {n}") for n in range(3)]
    scores, vectors = looks_of(unit(np.eye(3)), ["dress 0", "dress 1", "dress 2"])
    found = measure_vectors(scores, vectors, catalogue_of(photographs, items, photographs))
    assert (found["own_product"].value, found["own_product"].n) == (pytest.approx(1.0), 3)
    shuffled, _ = looks_of(unit(np.eye(3)), ["dress 1", "dress 2", "dress 0"])
    wrong = measure_vectors(shuffled, vectors, catalogue_of(photographs, items, photographs))
    assert wrong["own_product"].value < 0


def test_no_vectors_measure_nothing():
    scores, _ = looks_of(np.eye(2), ["a", "a"])
    assert measure_vectors(scores, {}, None) == {}
