"""Stage four: looks become scores, each with how many it rests on."""
