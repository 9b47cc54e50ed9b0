"""Which examples of a documentation page the tests run."""

from __future__ import annotations

from tests.system.readme import Example, examples

PAGE = """# Page

```sh
echo one
```

<!-- not run: it needs a server of your own -->
```sh
echo two
```

<!-- a remark -->
```sh
echo three
```

```python
print("four")
```
<!-- not run: -->
```sh
echo five
```
"""


def test_all_shell_examples_are_run_but_those_with_a_reason_not_to() -> None:
    assert examples(PAGE) == [
        Example(3, "echo one\n", skipped=False),
        Example(8, "echo two\n", skipped=True),
        Example(13, "echo three\n", skipped=False),
        Example(21, "echo five\n", skipped=False),
    ]
