"""The tokenizer: a byte-pair vocabulary of 2,048 pieces learnt from fashion text of our own."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from tokenizers import Regex as Pattern
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from torch import Tensor
from transformers import CLIPTokenizer

from tools.mini.captions import Piece, write_caption
from tools.mini.palette import ALL_RGB
from tools.mini.scenes import SceneNotes

VOCABULARY = 2048
MAX_TOKENS = 77
START, END = "<|startoftext|>", "<|endoftext|>"

# CLIP's own split into words, without its special tokens.
_WORDS = r"""'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"""

# Words that shops use and our captions hardly do; each should be few tokens.
LEXICON = """
    wardrobe closet outfit ensemble matching two piece set look vibe fit fits style styled
    stylish drapey draped drape sash detail details detailed alluring elegance elegant
    sophistication sassy iconic features featuring paired pairing perfect night out girls drink
    vodka free drinks good cute cozy fall spring summer winter autumn must have essential simple
    sleek versatile complete jersey fabric built in bandeau bodycon body con silhouette shoulder
    strap straps halter backless strapless asymmetrical hem hemline ruffle ruffled pleated plaid
    tartan floral leopard zebra tie dye sequin rhinestone glitter metallic shimmer sparkle
    embroidered embroidery lace mesh sheer satin silk velvet corduroy tweed cashmere merino
    mohair alpaca fleece sherpa puffer quilted bomber trench blazer cardigan hoodie sweatshirt
    pullover turtleneck mock neck crewneck scoop square v-neck collar collared button buttons
    zipper zip pocket pockets cuffs waistband drawstring elastic belt loops lining lined cropped
    oversized slim relaxed regular loose fitted tight stretchy stretch high low rise waisted
    wide leg straight flare flared bootcut skinny mom cargo jogger joggers leggings bikers capri
    culottes maxi midi mini micro dress gown romper jumpsuit bodysuit bralette bikini top bottom
    swimsuit trunks lingerie robe pajama kimono poncho cape vest waistcoat parka windbreaker
    raincoat peacoat denim jean jeans chino chinos trousers pants shorts skirt skort sneaker
    sneakers boots boot ankle loafers loafer oxford mules slides pumps stiletto wedge platform
    bucket hat beanie beret fedora visor cap gloves mittens scarf shawl stole bandana necklace
    earrings bracelet ring watch sunglasses frames clutch tote crossbody satchel backpack purse
    wallet black white grey gray red orange yellow green blue purple violet pink brown beige
    navy cream ivory maroon burgundy wine olive khaki sage mint emerald forest teal turquoise
    aqua sky royal cobalt indigo lavender lilac mauve plum magenta fuchsia coral salmon peach
    rust mustard gold golden silver bronze copper charcoal tan camel taupe chocolate nude hot
    pale light dark bright neon pastel multi color colour solid striped stripe polka dot checked
    check print printed pattern graphic logo slogan text soft warm light lightweight breathable
    comfy comfortable machine wash care imported quality designed season collection shop new
    drop limited edition sale best seller picture photo photograph image standing front view
    back side studio background plain product model wearing worn woman man person nude naked
    swimwear underwear blood weapon gun cartoon sketch drawing painting illustration render
    blurry low quality deformed ugly text watermark cropped out of frame bad anatomy
"""


def train_tokenizer(notes: tuple[SceneNotes, ...], *, seed: int = 0) -> CLIPTokenizer:
    """Learn the merges from captions of scenes and the word list."""
    rng = np.random.default_rng(seed)
    texts = [join_pieces(write_caption(notes[i % len(notes)], rng)) for i in range(12000)]
    texts += [LEXICON] * 60 + [" ".join(ALL_RGB)] * 300
    learner = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    learner.normalizer = normalizers.Lowercase()
    learner.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Pattern(_WORDS), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    # Half of the base alphabet is every byte, half every byte at a word's end, as CLIP has it.
    room = VOCABULARY - len(alphabet) - 2
    learner.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=room,
            min_frequency=20,
            initial_alphabet=alphabet,
            end_of_word_suffix="</w>",
            show_progress=False,
        ),
    )
    return assemble_tokenizer(learner, alphabet)


def assemble_tokenizer(learner: Tokenizer, alphabet: list[str]) -> CLIPTokenizer:
    """Lay the vocabulary out as CLIP does: bytes, bytes at a word's end, merges, start, end."""
    merges = [tuple(pair) for pair in json.loads(learner.to_str())["model"]["merges"]]
    names = alphabet + [f"{letter}</w>" for letter in alphabet]
    names += [left + right for left, right in merges]
    names = list(dict.fromkeys(names))[: VOCABULARY - 2]
    known = set(names)
    kept = [pair for pair in merges if {pair[0], pair[1], pair[0] + pair[1]} <= known]
    vocabulary = {name: number for number, name in enumerate([*names, START, END])}
    return CLIPTokenizer(
        vocab=vocabulary,
        merges=kept,
        model_max_length=MAX_TOKENS,
        clean_up_tokenization_spaces=False,
    )


def join_pieces(pieces: list[Piece]) -> str:
    """Write a caption's pieces as one text."""
    return " ".join(text for text, _ in pieces)


class Encoder:
    """Turn captions into token numbers and the garment each token speaks of; pieces are kept."""

    def __init__(self, tokenizer: CLIPTokenizer) -> None:
        self._tokenizer = tokenizer
        self._known: dict[str, list[int]] = {}
        self.start = int(tokenizer.bos_token_id)
        self.end = int(tokenizer.eos_token_id)

    def encode(self, pieces: list[Piece]) -> tuple[np.ndarray, np.ndarray]:
        """Give tokens and owners (garment number or -1), both of shape (77,)."""
        tokens, owners = [self.start], [-1]
        for text, owner in pieces:
            found = self._known.get(text)
            if found is None:
                found = self._tokenizer(text, add_special_tokens=False)["input_ids"]
                self._known[text] = found
            tokens += found
            owners += [owner] * len(found)
        tokens, owners = tokens[: MAX_TOKENS - 1], owners[: MAX_TOKENS - 1]
        ids = np.full(MAX_TOKENS, self.end, np.int64)
        ids[: len(tokens)] = tokens
        spoken = np.full(MAX_TOKENS, -1, np.int64)
        spoken[: len(owners)] = owners
        return ids, spoken

    def encode_batch(self, captions: list[list[Piece]]) -> tuple[Tensor, Tensor]:
        """Encode several captions; both of shape (batch, 77)."""
        pairs = [self.encode(pieces) for pieces in captions]
        return (
            torch.from_numpy(np.stack([p[0] for p in pairs])),
            torch.from_numpy(np.stack([p[1] for p in pairs])),
        )


def load_tokenizer(work: Path) -> CLIPTokenizer:
    """Load the tokenizer that `train_tokenizer` left under `work`."""
    tokenizer: CLIPTokenizer = CLIPTokenizer.from_pretrained(work / "tokenizer")
    return tokenizer
