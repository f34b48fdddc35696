"""How the embedded base `mini` is trained: one command a part, one for all."""
