"""A changing world with its lake on a storage emulator of its own, whose clock the tests set."""
from harness import azurite, false_clock, world_case

CONTAINER = "own"


class OwnStorageCase(world_case.WorldCase):
    """May stand beside another WorldCase as a base: it passes every step on."""

    @classmethod
    def prepare(cls):
        super().prepare()
        cls.storage_clock = false_clock.FalseClock(cls.work / "clock-storage")
        cls.storage = azurite.Emulator(cls.storage_clock.environment)

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.storage.close()

    def setUp(self):
        super().setUp()
        self.storage_clock.set(false_clock.FalseClock.TRUE)
        self.lake = self.storage.lake(CONTAINER, self.db)

    def lake_files(self):
        return self.storage.names(CONTAINER, self.db)
