"""What an adapter does to one module: its matrices, and the change of weights they stand for.

Names of tensors, whatever file they come from, for a module of weight W (outputs o, inputs i, and
for a convolution its kernel k x k), rank r:

- lora: down (r, i, k, k), up (o, r, 1, 1), perhaps mid (r, r, k, k); change s up down.
  Hu et al. 2021, arXiv:2106.09685.
- dora: the same with magnitude m, (o, 1) or (1, i); W becomes m (W + s up down) / its norm along
  the other side. Liu et al. 2024, arXiv:2402.09353.
- loha: hada_w1_a, hada_w1_b, hada_w2_a, hada_w2_b, perhaps hada_t1 and hada_t2; change
  s (w1_a w1_b) * (w2_a w2_b), element by element. Hyeon-Woo et al. 2021, arXiv:2108.06098.
- lokr: lokr_w1 or lokr_w1_a and lokr_w1_b; likewise w2, perhaps lokr_t2; change s w1 (x) w2, the
  Kronecker product. Yeh et al. 2023, arXiv:2309.14859.
- full: diff, the change itself.

The scale s is alpha / r; a lokr of two whole matrices and a full difference have none.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

LORA, DORA, LOHA, LOKR, FULL = "lora", "dora", "loha", "lokr", "full"
METHODS = (LORA, DORA, LOHA, LOKR)
# Of each group of names one must be there; the richer method comes first.
_NEEDED: dict[str, tuple[tuple[str, ...], ...]] = {
    FULL: (("diff",),),
    DORA: (("down",), ("up",), ("magnitude",)),
    LORA: (("down",), ("up",)),
    LOHA: (("hada_w1_a",), ("hada_w1_b",), ("hada_w2_a",), ("hada_w2_b",)),
    LOKR: (
        ("lokr_w1", "lokr_w1_a"),
        ("lokr_w1", "lokr_w1_b"),
        ("lokr_w2", "lokr_w2_a"),
        ("lokr_w2", "lokr_w2_b"),
    ),
}
# Which tensor has the rank as its first dimension.
_RANK_SIDE = {LORA: "down", DORA: "down", LOHA: "hada_w1_b"}


@dataclass(frozen=True)
class Factors:
    """One module's matrices.

    Attributes:
        part: "unet", "text_encoder" or "text_encoder_2".
        module: The module's path in diffusers' or transformers' model.
        method: "lora", "dora", "loha", "lokr" or "full".
        tensors: By the names above.
        alpha: Scaling numerator.
    """

    part: str
    module: str
    method: str
    tensors: Mapping[str, Tensor]
    alpha: float

    @property
    def rank(self) -> int:
        """Give the rank; of a whole lokr, its larger side; 0 of a full difference."""
        if self.method in _RANK_SIDE:
            return int(self.tensors[_RANK_SIDE[self.method]].shape[0])
        if self.method == LOKR:
            return _rank_of_lokr(self.tensors) or max(self.tensors["lokr_w2"].shape[:2])
        return 0

    @property
    def scale(self) -> float:
        """Give the factor s before the product."""
        is_whole = self.method == FULL or (
            self.method == LOKR and _rank_of_lokr(self.tensors) is None
        )
        return 1.0 if is_whole else self.alpha / self.rank


class Changes(Mapping[tuple[str, str], Tensor]):
    """Changes of weights by part and path, each computed when it is asked for.

    Together they are as large as the base itself; one at a time they need no room to speak of.
    """

    def __init__(self, computed: Mapping[tuple[str, str], Callable[[], Tensor]]) -> None:
        self._computed = computed

    def __getitem__(self, key: tuple[str, str]) -> Tensor:
        return self._computed[key]()

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._computed)

    def __len__(self) -> int:
        return len(self._computed)


def tell_method(names: Collection[str]) -> str | None:
    """Tell the method from a module's tensor names; None where one that it needs is missing."""
    for method, needed in _NEEDED.items():
        if all(any(name in names for name in choice) for choice in needed):
            return method
    return None


def find_change(factors: Factors, weight: Tensor) -> Tensor:
    """Compute how a module's weight changes at full strength.

    Args:
        factors: The module's matrices, of any number format.
        weight: The base's own; only its shape matters but for dora.

    Returns:
        Shape of `weight`, float32.

    Raises:
        RuntimeError: the matrices do not fit the weight.
    """
    tensors = {name: tensor.float() for name, tensor in factors.tensors.items()}
    product = factors.scale * _PRODUCTS[factors.method](tensors).reshape(weight.shape)
    if factors.method != DORA:
        return product
    moved = weight.float() + product
    magnitude = tensors["magnitude"]
    return moved * (magnitude / _norm_beside(moved, magnitude)) - weight.float()


def _norm_beside(weight: Tensor, magnitude: Tensor) -> Tensor:
    """Give the weight's length along every dimension that the magnitude does not have."""
    along = [n for n, side in enumerate(magnitude.shape) if side == 1 and weight.shape[n] > 1]
    return torch.linalg.vector_norm(weight, dim=along, keepdim=True) if along else weight.abs()


def _multiply_lora(tensors: Mapping[str, Tensor]) -> Tensor:
    up, down = tensors["up"], tensors["down"]
    if "mid" not in tensors:
        return up.flatten(1) @ down.flatten(1)
    return torch.einsum("mn...,im,nj->ij...", tensors["mid"], up.flatten(1), down.flatten(1))


def _multiply_loha(tensors: Mapping[str, Tensor]) -> Tensor:
    halves = []
    for side in ("1", "2"):
        left, right = tensors[f"hada_w{side}_a"], tensors[f"hada_w{side}_b"]
        middle = tensors.get(f"hada_t{side}")
        halves.append(left @ right if middle is None else _multiply_tucker(middle, left, right))
    return halves[0] * halves[1]


def _multiply_lokr(tensors: Mapping[str, Tensor]) -> Tensor:
    first = tensors.get("lokr_w1")
    if first is None:
        first = tensors["lokr_w1_a"] @ tensors["lokr_w1_b"]
    second = tensors.get("lokr_w2")
    if second is None:
        left, right = tensors["lokr_w2_a"], tensors["lokr_w2_b"]
        middle = tensors.get("lokr_t2")
        second = left @ right if middle is None else _multiply_tucker(middle, left, right)
    first = first.reshape(*first.shape, *[1] * (second.ndim - first.ndim))
    return torch.kron(first, second.contiguous())


def _multiply_tucker(middle: Tensor, left: Tensor, right: Tensor) -> Tensor:
    return torch.einsum("ij...,jr,ip->pr...", middle, right, left)


def _rank_of_lokr(tensors: Mapping[str, Tensor]) -> int | None:
    for name in ("lokr_w2_b", "lokr_w1_b"):
        if name in tensors:
            return int(tensors[name].shape[0])
    return None


_PRODUCTS: dict[str, Callable[[Mapping[str, Tensor]], Tensor]] = {
    LORA: _multiply_lora,
    DORA: _multiply_lora,
    LOHA: _multiply_loha,
    LOKR: _multiply_lokr,
    FULL: lambda tensors: tensors["diff"],
}
