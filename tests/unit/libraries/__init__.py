"""What the product needs of the inside of libraries: these tests fail when a release changes it."""
