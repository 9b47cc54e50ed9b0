"""What all pages share: templates, the frame around each page, static files, forms and errors."""
