"""The main job on an embedded default: a gateway, scripted models, requests that tell what it does. Prints nothing."""
