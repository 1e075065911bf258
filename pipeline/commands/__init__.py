"""Every command of `gazescribe`; the only room that reads `params.yaml`."""
