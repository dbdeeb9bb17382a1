"""A driver's manifest and its table of models name the same devices: what is only in the one is never
found, what is only in the other is refused when it is."""
import re
import tomllib
import unittest

import project

DRIVERS = {'e1000': 'main.cpp', 'e1000e': 'models.hpp'}


class Models(unittest.TestCase):
    def test_same_devices(self):
        for name, table in DRIVERS.items():
            with self.subTest(name):
                folder = project.ROOT / 'drivers/net' / name
                text = (folder / table).read_text()
                models = re.findall(r'\{(0x[0-9a-f]{4}), &?(?:intel::)?family', text)
                self.assertTrue(models)
                match = tomllib.loads((folder / 'driver.toml').read_text())['match']
                self.assertEqual(match['device'], [int(model, 16) for model in models])
                self.assertEqual(match['vendor'], 0x8086)


if __name__ == '__main__':
    unittest.main()
