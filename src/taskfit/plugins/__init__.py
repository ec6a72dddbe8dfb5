"""Finding plug-ins by entry points; building, opening and closing them."""
