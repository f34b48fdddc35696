import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from couturier.dataset.opening import UnusablePictureError, open_plainly, quiet_pillow


def encode(image, form="PNG", **options):
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def open_it(data, size_px=512, max_megapixels=50.0, background="#ffffff"):
    with quiet_pillow():
        return open_plainly(
            data, size_px=size_px, max_megapixels=max_megapixels, background=background
        )


def notes_of(plain):
    return [kind for kind, _ in plain.notes]


def test_a_plain_picture_comes_back_as_it_is():
    plain = open_it(encode(Image.new("RGB", (30, 40), (10, 20, 30))))
    assert plain.image.size == (30, 40)
    assert plain.image.getpixel((5, 5)) == (10, 20, 30)
    assert plain.notes == ()


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((1024, 512), (512, 256)),
        ((300, 1200), (128, 512)),
        ((5000, 1), (512, 1)),
        ((99, 7), (99, 7)),
    ],
)
@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_the_longest_side_shrinks_and_nothing_is_cropped_or_enlarged(size, expected, form):
    plain = open_it(encode(Image.new("RGB", size), form))
    assert plain.image.size == expected
    assert (plain.source_width, plain.source_height) == size


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_stands_upright(orientation):
    upright = Image.new("RGB", (20, 30), "white")
    upright.paste((255, 0, 0), (0, 0, 10, 10))
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # the transposition that EXIF takes back
    lying = upright.transpose(Image.Transpose(undo[orientation])) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    plain = open_it(encode(lying, exif=exif))
    assert plain.image.size == (20, 30)
    assert plain.image.getpixel((3, 3)) == (255, 0, 0)
    assert notes_of(plain) == (["turned"] if orientation > 1 else [])


def test_sixteen_bit_is_scaled_and_not_clipped():
    ramp = np.linspace(0, 65535, 256).astype(np.uint16).reshape(16, 16)
    plain = open_it(encode(Image.fromarray(ramp)))
    seen = np.asarray(plain.image)[..., 0].ravel()
    assert np.abs(seen.astype(int) - np.arange(256)).max() <= 1
    assert notes_of(plain) == ["16 bit"]


def test_a_dark_sixteen_bit_picture_stays_dark():
    plain = open_it(encode(Image.fromarray(np.full((8, 8), 2570, np.uint16))))
    assert plain.image.getpixel((1, 1)) == (10, 10, 10)


@pytest.mark.parametrize(("value", "expected"), [(0.5, 128), (128.0, 128), (32896.0, 128)])
def test_floats_are_scaled_by_what_they_seem_to_mean(value, expected):
    data = np.full((8, 8), value, np.float32)
    data[0, 0] = {0.5: 1.0, 128.0: 255.0, 32896.0: 65535.0}[value]
    plain = open_it(encode(Image.fromarray(data), "TIFF"))
    assert abs(plain.image.getpixel((4, 4))[0] - expected) <= 1


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "L"])
def test_see_through_pixels_show_the_background(mode):
    if mode in ("RGBA", "LA"):
        image, options = Image.new(mode, (8, 8), 0), {}
    else:
        image, options = Image.new(mode, (8, 8), 0), {"transparency": 0}
    plain = open_it(encode(image, **options), background="#102030")
    assert plain.image.getpixel((4, 4)) == (0x10, 0x20, 0x30)
    assert notes_of(plain) == ["transparency"]


def test_an_opaque_alpha_is_nothing_to_tell():
    assert open_it(encode(Image.new("RGBA", (8, 8), (1, 2, 3, 255)))).notes == ()


def test_hidden_colours_do_not_bleed_through_when_shrunk():
    image = Image.new("RGBA", (1024, 8), (255, 0, 0, 0))
    image.paste((255, 255, 255, 255), (0, 0, 512, 8))
    shrunk = np.asarray(open_it(encode(image), size_px=100).image)
    assert shrunk.min() >= 253


def test_cmyk_becomes_rgb_and_is_told():
    plain = open_it(encode(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG"))
    red, green, blue = plain.image.getpixel((8, 8))
    assert red > 200
    assert max(green, blue) < 60
    assert notes_of(plain) == ["cmyk"]


def swapped_profile():
    """An sRGB profile whose red and green are swapped, under sRGB's own name."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, green = data.index(b"rXYZ"), data.index(b"gXYZ")
    data[red : red + 4], data[green : green + 4] = b"gXYZ", b"rXYZ"
    return bytes(data)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_profile_is_followed_whatever_its_name(mode):
    image = Image.new(mode, (8, 8), (250, 10, 10, 255)[: len(mode)])
    plain = open_it(encode(image, icc_profile=swapped_profile()))
    red, green, _ = plain.image.getpixel((4, 4))
    assert green > 200
    assert red < 60
    assert notes_of(plain) == ["colour profile"]


def test_an_srgb_profile_changes_nothing():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    plain = open_it(encode(Image.new("RGB", (8, 8), (250, 10, 10)), icc_profile=profile))
    assert plain.image.getpixel((4, 4)) == (250, 10, 10)
    assert plain.notes == ()


def test_a_broken_profile_is_told_and_the_picture_kept():
    plain = open_it(encode(Image.new("RGB", (8, 8), "blue"), icc_profile=b"junk" * 50))
    assert plain.image.getpixel((4, 4)) == (0, 0, 255)
    assert notes_of(plain) == ["broken profile"]


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG"])
def test_the_first_frame_of_an_animation_is_taken_and_told(form):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue", "green")]
    plain = open_it(encode(frames[0], form, save_all=True, append_images=frames[1:]))
    assert plain.image.getpixel((4, 4))[0] > 200
    assert notes_of(plain) == ["animation"]


def test_a_phones_double_picture_is_no_animation():
    pair = [Image.new("RGB", (8, 8), "red"), Image.new("RGB", (8, 8), "red")]
    assert open_it(encode(pair[0], "MPO", save_all=True, append_images=pair[1:])).notes == ()


@pytest.mark.parametrize("form", ["AVIF", "BMP", "TIFF"])
def test_rarer_formats_are_read(form):
    assert open_it(encode(Image.new("RGB", (16, 16), "red"), form)).image.getpixel((3, 3))[0] > 240


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF"])
def test_a_truncated_picture_is_left_out(form):
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    data = encode(Image.fromarray(noise), form)
    with pytest.raises(UnusablePictureError, match=r"\w") as told:
        open_it(data[: len(data) // 2])
    assert told.value.fault == "broken picture"


@pytest.mark.parametrize(
    "data", [b"<svg/>", b"%!PS-Adobe-3.0 EPSF-3.0\n", b"GIF89a", b"\xff\xd8\xff"]
)
def test_what_is_no_picture_is_left_out(data):
    with pytest.raises(UnusablePictureError, match=r"\w") as told:
        open_it(data)
    assert told.value.fault == "broken picture"


def test_a_huge_picture_is_refused_by_its_header():
    data = encode(Image.new("1", (12_000, 9_000)))
    with pytest.raises(UnusablePictureError, match="12000 x 9000 pixels, more than 50 million"):
        open_it(data)


def test_pillows_own_limit_is_put_back():
    before = Image.MAX_IMAGE_PIXELS
    with quiet_pillow():
        assert Image.MAX_IMAGE_PIXELS is None
    assert before == Image.MAX_IMAGE_PIXELS


def test_a_large_jpeg_decoded_small_keeps_its_colours():
    skimage = pytest.importorskip("skimage.color")
    y, x = np.mgrid[0:1600, 0:1200]
    picture = np.stack([x * 255 // 1200, y * 255 // 1600, (x + y) % 256 // 2], -1).astype(np.uint8)
    data = encode(Image.fromarray(picture), "JPEG", quality=92)
    seen = np.asarray(open_it(data, size_px=256).image)
    loop = Image.open(io.BytesIO(data)).resize((192, 256), Image.Resampling.LANCZOS)
    difference = skimage.deltaE_ciede2000(skimage.rgb2lab(seen), skimage.rgb2lab(np.asarray(loop)))
    assert np.median(difference) < 1
