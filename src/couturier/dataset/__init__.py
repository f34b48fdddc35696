"""Stage one, second half: products become a folder of pictures and captions to train on."""
