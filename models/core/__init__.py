"""What all networks stand on: CONFIG, checkpoints, backbones, radiographs as tensors."""
