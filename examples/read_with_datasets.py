"""Read a couturier data set with Hugging Face datasets, as any other trainer would.

python examples/read_with_datasets.py data/compressed_images
"""

import sys

from datasets import load_dataset


def main(folder: str) -> None:
    """Print how many pictures there are, and the first caption with its garments."""
    rows = load_dataset("imagefolder", data_dir=folder, split="train")
    print(f"{len(rows)} pictures; columns: {', '.join(rows.column_names)}")
    first = rows[0]
    print(f"{first['image'].size[0]} x {first['image'].size[1]} px: {first['text']}")


if __name__ == "__main__":
    main(sys.argv[1])
