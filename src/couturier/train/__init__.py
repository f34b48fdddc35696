"""Stage two: a data set and a base become a LoRA adapter."""
