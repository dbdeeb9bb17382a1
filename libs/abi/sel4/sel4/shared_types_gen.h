/* Words with bit fields: message info, rights, CNode data. Each has _new, and per field _get_,
 * _set_, _ptr_get_ and _ptr_set_ functions, made by SEL4_FIELD below: for
 * seL4_MessageInfo_get_length look for SEL4_FIELD(seL4_MessageInfo, length, ...). */
#pragma once

#include <sel4/macros.h>
#include <sel4/simple_types.h>

#define SEL4_FIELD_MASK(width) ((width) == 64 ? ~0ul : (1ul << ((width)&63)) - 1)

/* Field `field` of block `type`: `width` bits of word `word` from bit `shift` on. */
#define SEL4_FIELD(type, field, word, shift, width)                                                \
    LIBSEL4_INLINE_FUNC seL4_Uint64 PURE type##_ptr_get_##field(type##_t* block)                   \
    {                                                                                              \
        return block->words[word] >> (shift)&SEL4_FIELD_MASK(width);                               \
    }                                                                                              \
    LIBSEL4_INLINE_FUNC void type##_ptr_set_##field(type##_t* block, seL4_Uint64 value)            \
    {                                                                                              \
        block->words[word] &= ~(SEL4_FIELD_MASK(width) << (shift));                                \
        block->words[word] |= (value & SEL4_FIELD_MASK(width)) << (shift);                         \
    }                                                                                              \
    LIBSEL4_INLINE_FUNC seL4_Uint64 CONST type##_get_##field(type##_t block)                       \
    {                                                                                              \
        return block.words[word] >> (shift)&SEL4_FIELD_MASK(width);                                \
    }                                                                                              \
    LIBSEL4_INLINE_FUNC type##_t CONST type##_set_##field(type##_t block, seL4_Uint64 value)       \
    {                                                                                              \
        type##_ptr_set_##field(&block, value);                                                     \
        return block;                                                                              \
    }

struct seL4_MessageInfo {
    seL4_Uint64 words[1];
};
typedef struct seL4_MessageInfo seL4_MessageInfo_t;
SEL4_FIELD(seL4_MessageInfo, label, 0, 12, 52)
SEL4_FIELD(seL4_MessageInfo, capsUnwrapped, 0, 9, 3)
SEL4_FIELD(seL4_MessageInfo, extraCaps, 0, 7, 2)
SEL4_FIELD(seL4_MessageInfo, length, 0, 0, 7)

LIBSEL4_INLINE_FUNC seL4_MessageInfo_t CONST seL4_MessageInfo_new(seL4_Uint64 label,
                                                                  seL4_Uint64 capsUnwrapped,
                                                                  seL4_Uint64 extraCaps,
                                                                  seL4_Uint64 length)
{
    seL4_MessageInfo_t info = {{0}};
    info.words[0] = label << 12 | (capsUnwrapped & 7) << 9 | (extraCaps & 3) << 7 | (length & 127);
    return info;
}
LIBSEL4_INLINE_FUNC void seL4_MessageInfo_ptr_new(seL4_MessageInfo_t* info, seL4_Uint64 label,
                                                  seL4_Uint64 capsUnwrapped, seL4_Uint64 extraCaps,
                                                  seL4_Uint64 length)
{
    *info = seL4_MessageInfo_new(label, capsUnwrapped, extraCaps, length);
}

struct seL4_CapRights {
    seL4_Uint64 words[1];
};
typedef struct seL4_CapRights seL4_CapRights_t;
SEL4_FIELD(seL4_CapRights, capAllowGrantReply, 0, 3, 1)
SEL4_FIELD(seL4_CapRights, capAllowGrant, 0, 2, 1)
SEL4_FIELD(seL4_CapRights, capAllowRead, 0, 1, 1)
SEL4_FIELD(seL4_CapRights, capAllowWrite, 0, 0, 1)

LIBSEL4_INLINE_FUNC seL4_CapRights_t CONST seL4_CapRights_new(seL4_Uint64 capAllowGrantReply,
                                                              seL4_Uint64 capAllowGrant,
                                                              seL4_Uint64 capAllowRead,
                                                              seL4_Uint64 capAllowWrite)
{
    seL4_CapRights_t rights = {{0}};
    rights.words[0] = (capAllowGrantReply & 1) << 3 | (capAllowGrant & 1) << 2 |
                      (capAllowRead & 1) << 1 | (capAllowWrite & 1);
    return rights;
}
LIBSEL4_INLINE_FUNC void seL4_CapRights_ptr_new(seL4_CapRights_t* rights,
                                                seL4_Uint64 capAllowGrantReply,
                                                seL4_Uint64 capAllowGrant, seL4_Uint64 capAllowRead,
                                                seL4_Uint64 capAllowWrite)
{
    *rights = seL4_CapRights_new(capAllowGrantReply, capAllowGrant, capAllowRead, capAllowWrite);
}

/* Guard of a CNode capability: the badge word of CNode.mint and mutate, and the root data of
 * TCB.set_space. */
struct seL4_CNode_CapData {
    seL4_Uint64 words[1];
};
typedef struct seL4_CNode_CapData seL4_CNode_CapData_t;
SEL4_FIELD(seL4_CNode_CapData, guard, 0, 6, 58)
SEL4_FIELD(seL4_CNode_CapData, guardSize, 0, 0, 6)

LIBSEL4_INLINE_FUNC seL4_CNode_CapData_t CONST seL4_CNode_CapData_new(seL4_Uint64 guard,
                                                                      seL4_Uint64 guardSize)
{
    seL4_CNode_CapData_t data = {{0}};
    data.words[0] = guard << 6 | (guardSize & 63);
    return data;
}
LIBSEL4_INLINE_FUNC void seL4_CNode_CapData_ptr_new(seL4_CNode_CapData_t* data, seL4_Uint64 guard,
                                                    seL4_Uint64 guardSize)
{
    *data = seL4_CNode_CapData_new(guard, guardSize);
}
