"""What a picture shows: garments' masks, their colours, likeness."""
