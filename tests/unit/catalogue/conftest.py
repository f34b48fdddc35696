import pytest
from PIL import Image

from couturier.catalogue.read import read_catalogue


class Export:
    """A shop's export written to a folder of its own, with pictures beside it."""

    def __init__(self, root):
        self.root = root
        self.images = root / "images"
        self.images.mkdir()

    def write(self, name, data):
        path = self.root / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    def pictures(self, *names):
        for name in names:
            (self.images / name).parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (4, 4)).save(self.images / name)

    def read(self, name, data=None, images=None, columns=()):
        path = self.root / name if data is None else self.write(name, data)
        return read_catalogue(path, images=images, columns=columns)

    def named(self, catalogue, images=None):
        root = images or self.images
        return {
            p.image_id: [picture.relative_to(root).as_posix() for picture in p.pictures]
            for p in catalogue.products
        }


@pytest.fixture
def export(tmp_path):
    return Export(tmp_path)
