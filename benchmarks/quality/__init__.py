"""Quality of models on data they have not seen; one module per family."""
