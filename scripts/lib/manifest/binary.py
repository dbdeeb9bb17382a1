"""Packs a composition into the bytes of libs/composition/description.hpp: the two change together,
with VERSION. tests/test_manifest_binary.py compares them with what the compiler makes of the header.
"""
import struct

from manifest.fields import PAGE
from manifest.layout import Layout
from manifest.schema import KINDS, MATCH_DEVICES, POLICIES

MAGIC, VERSION = 0x3173797363727968, 2
GRANT_KINDS = ('serve', 'reply', 'wake', 'call', 'signal', 'shared', 'shared_read', 'pool',
               'pool_dma', 'number', 'memory', 'device', 'monitor', 'own_signal')  # from 1
NEED_KINDS = ('ports', 'bar', 'irq_isa', 'irq_pci', 'irq_hpet', 'hpet', 'framebuffer', 'dma')
QUIESCE_KINDS = ('write8', 'write16', 'write32', 'poll8', 'poll16', 'poll32')
BUSES = ('none', 'pci', 'platform')
NO_DEVICE = 0xffff
FLAGS = ('resident', 'autostart', 'feedback', 'monitor', 'injector', 'loader', 'uploader', 'observer')  # bit 0 onwards

HEADER = struct.Struct('<QII16s6I4I')
MATCH = struct.Struct(f'<B3xI{MATCH_DEVICES}HIII16s')
PROGRAM = struct.Struct('<24s24s32s4BH2B5I8I132sI')
GRANT = struct.Struct('<24sB3xIIIQQQ')
NEED = struct.Struct('<24s3BxIQQQ')
QUIESCE = struct.Struct('<BB2xIII')
OBJECT = struct.Struct('<24sII')


def _match(manifest, component):
    match = manifest.match
    devices = list(match.devices) + [NO_DEVICE] * (MATCH_DEVICES - len(match.devices))
    return MATCH.pack(BUSES.index(match.bus), match.vendor, *devices, match.class_code,
                      match.class_mask, component.function, match.id.encode())


def _flags(instance):
    rights = instance.manifest.rights
    present = {'autostart': instance.component.autostart, 'feedback': instance.budget.feedback,
               **{right: True for right in rights}}
    return sum(1 << bit for bit, name in enumerate(FLAGS) if present.get(name))


def _grant(grant):
    return GRANT.pack(grant.name.encode(), GRANT_KINDS.index(grant.kind) + 1, grant.slot, grant.peer,
                      grant.object, grant.value, grant.address, grant.bytes)


def _need(need, slot, address):
    return NEED.pack(need.name.encode(), NEED_KINDS.index(need.kind) + 1, need.index,
                     need.address_bits, slot, need.first, need.last, address)


def _quiesce(step):
    return QUIESCE.pack(QUIESCE_KINDS.index(step.op) + 1, step.bar, step.offset, step.value,
                        step.mask)


class _Text:
    """The text area: each manifest's words once."""

    def __init__(self):
        self.bytes, self._places = b'', {}

    def place(self, document):
        if document.path not in self._places:
            words = document.words().encode()
            self._places[document.path] = len(self.bytes), len(words)
            self.bytes += words
        return self._places[document.path]


def _program(placed, hashes, first, text):
    """One Program record. first: where its grants, needs and quiesce steps begin."""
    instance, manifest, budget = placed.instance, placed.instance.manifest, placed.instance.budget
    return PROGRAM.pack(
        instance.name.encode(), manifest.name.encode(), hashes.get(manifest.name, bytes(32)),
        KINDS.index(manifest.kind), POLICIES.index(manifest.policy), budget.priority,
        (budget.slots - 1).bit_length(), _flags(instance), budget.objects.bit_length() - 1,
        sum(grant.kind == 'reply' for grant in placed.grants), budget.budget_us, budget.period_us,
        manifest.heartbeat_us, budget.memory // PAGE, manifest.max_per_min,
        first[0], len(placed.grants), first[1], len(placed.needs), first[2], len(manifest.quiesce),
        *text.place(manifest.document), _match(manifest, instance.component), 0)


def pack(composition, hashes):
    """The bytes of the file `system`. hashes: SHA-256 of each program file by name; root's, which
    the loader measures, may be missing."""
    layout, text = Layout(composition), _Text()
    programs, grants, needs, steps = [], [], [], []
    for placed in layout.placed:
        first = len(grants), len(needs), len(steps)
        programs.append(_program(placed, hashes, first, text))
        grants += [_grant(each) for each in placed.grants]
        needs += [_need(*each) for each in placed.needs]
        steps += [_quiesce(each) for each in placed.instance.manifest.quiesce]
    objects = [OBJECT.pack(each.name.encode(), each.pages, each.contiguous)
               for each in layout.objects]
    body = b''.join([*programs, *grants, *needs, *steps, *objects, text.bytes])
    trusted = [composition.named(name).index
               for name in ('memory-manager', 'device-manager', 'supervisor', 'root')]
    header = HEADER.pack(
        MAGIC, VERSION, HEADER.size + len(body), composition.profile.encode(), len(programs),
        len(grants), len(needs), len(steps), len(objects), len(text.bytes), *trusted)
    return header + body
