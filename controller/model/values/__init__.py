"""Values as users write them, checked and normalized: countries, host names, servers, texts."""
