import pytest

from tests.services import models

each_model_is_made_once = pytest.fixture(scope="module")(models.made_once)
