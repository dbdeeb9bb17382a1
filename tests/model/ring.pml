/* libs/queue/ring.hpp over explicit store buffers: a producer, a consumer, a ring of two records.
 * Checked: no record is torn, stale or overtaken (the assertion in `take`), and no wake-up is lost
 * (one would leave both ends waiting: an invalid end state).
 *
 * The machine is weaker than x86, about as weak as C++ lets one be. A store waits in its program's
 * buffer and reaches memory in any order, but for one location in program order; RELEASE: after all
 * earlier stores and reads; SEQ_CST: as RELEASE, and a SEQ_CST load waits until it is in memory. A
 * read of the record may happen before the load in front of it, unless that is an ACQUIRE; or after
 * the store behind it, unless that is a RELEASE. A signal leaves when the buffer is empty: the
 * kernel's own stores come after the program's.
 * Not modelled: a store that happens before the load it depends on (push: the look at `popped`,
 * then the record). No machine does that, only C++ forbids nothing less than ACQUIRE; the
 * ThreadSanitizer run of tests/unit/libs/queue/two_threads.cpp covers it.
 */
#define RECORDS 3
#define ENTRIES 2

#define RELAXED 0
#define ACQUIRE 1
#define RELEASE 1
#define SEQ_CST 2

/* Locations. A record is two words, so that it can be torn. */
#define PUSHED 0
#define PRODUCER_AWAKE 1
#define POPPED 2
#define CONSUMER_AWAKE 3
#define RECORD(position, word) (4 + ((position) % ENTRIES) * 2 + (word))
#define LOCATIONS 8
byte memory[LOCATIONS];

/* Store buffers, oldest first: location + 1 (0: free), value, ordering. */
#define PRODUCER 0
#define CONSUMER 1
#define SLOTS 5
typedef Buffer { byte location[SLOTS]; byte value[SLOTS]; byte order[SLOTS] };
Buffer buffer[2];
bool signalled[2];

#define IS_EMPTY(me) (buffer[me].location[0] == 0)
#define HAS_ROOM(me) (buffer[me].location[SLOTS - 1] == 0)
#define IS_AT(me, n, place) (buffer[me].location[n] == (place) + 1)
#define SEQ_CST_AT(me, n) (buffer[me].location[n] && buffer[me].order[n] == SEQ_CST)
#define SEQ_CST_PENDING(me) (SEQ_CST_AT(me, 0) || SEQ_CST_AT(me, 1) || SEQ_CST_AT(me, 2) || \
                             SEQ_CST_AT(me, 3) || SEQ_CST_AT(me, 4))

/* What `me` sees at a place: its own youngest store, or memory. */
#define SEEN(me, place) (IS_AT(me, 4, place) -> buffer[me].value[4] : \
                        (IS_AT(me, 3, place) -> buffer[me].value[3] : \
                        (IS_AT(me, 2, place) -> buffer[me].value[2] : \
                        (IS_AT(me, 1, place) -> buffer[me].value[1] : \
                        (IS_AT(me, 0, place) -> buffer[me].value[0] : memory[place])))))

inline store(me, place, what, ordering)
{
    atomic {
        HAS_ROOM(me);
        slot = 0;
        do
        :: buffer[me].location[slot] -> slot++
        :: else -> break
        od;
        buffer[me].location[slot] = (place) + 1;
        buffer[me].value[slot] = what;
        buffer[me].order[slot] = ordering;
        slot = 0
    }
}

inline load(me, place, into, ordering)
{
    atomic {
        (ordering) < SEQ_CST || !SEQ_CST_PENDING(me);
        into = SEEN(me, place);
        if
        :: (ordering) >= ACQUIRE -> early = false
        :: else
        fi
    }
}

/* Reads and writes memory at once; its own earlier store to the place comes first. */
inline exchange(me, place, what, into)
{
    atomic {
        !IS_AT(me, 0, place) && !IS_AT(me, 1, place) && !IS_AT(me, 2, place) &&
            !IS_AT(me, 3, place) && !IS_AT(me, 4, place);
        into = memory[place];
        memory[place] = what
    }
}

/* The store at n may go before those in front of it: none is to its place, and it is no release. */
#define MAY_LEAVE(me, n) (buffer[me].location[n] && buffer[me].order[n] == RELAXED && \
    buffer[me].location[n] != buffer[me].location[0] && \
    (n < 2 || buffer[me].location[n] != buffer[me].location[1]) && \
    (n < 3 || buffer[me].location[n] != buffer[me].location[2]) && \
    (n < 4 || buffer[me].location[n] != buffer[me].location[3]))

/* The way from a store buffer to memory. */
proctype drain(byte me)
{
    byte n;
end:
    do
    :: atomic {
        if
        :: buffer[me].location[0] -> n = 0
        :: MAY_LEAVE(me, 1) -> n = 1
        :: MAY_LEAVE(me, 2) -> n = 2
        :: MAY_LEAVE(me, 3) -> n = 3
        :: MAY_LEAVE(me, 4) -> n = 4
        fi;
        memory[buffer[me].location[n] - 1] = buffer[me].value[n];
        do
        :: n < SLOTS - 1 ->
            buffer[me].location[n] = buffer[me].location[n + 1];
            buffer[me].value[n] = buffer[me].value[n + 1];
            buffer[me].order[n] = buffer[me].order[n + 1];
            n++
        :: else -> break
        od;
        buffer[me].location[n] = 0;
        buffer[me].value[n] = 0;
        buffer[me].order[n] = 0;
        n = 0
    }
    od
}

inline signal(peer)
{
    atomic { IS_EMPTY(1 - peer); signalled[peer] = true }
}

inline wait(me)
{
    atomic { signalled[me]; signalled[me] = false }
}

inline wants_signal(me, place, peer)
{
    load(me, place, awake, SEQ_CST); /* the peer's flag */
    if
    :: awake == 0 ->
        exchange(me, place, 1, awake);
        if
        :: awake == 0 -> signal(peer)
        :: else
        fi
    :: else
    fi;
    awake = 0
}

proctype producer()
{
    byte at, seen, awake, slot;
    bool early; /* nothing is read early here */
    do
    :: at == RECORDS -> break
    :: else ->
        load(PRODUCER, POPPED, seen, ACQUIRE); /* push: space */
        if
        :: at - seen < ENTRIES ->
            store(PRODUCER, RECORD(at, 0), at + 1, RELAXED);
            store(PRODUCER, RECORD(at, 1), at + 1, RELAXED);
            at++;
            store(PRODUCER, PUSHED, at, SEQ_CST);
            if
            :: skip /* pushes more before it asks */
            :: wants_signal(PRODUCER, CONSUMER_AWAKE, CONSUMER)
            fi
        :: else ->
            wants_signal(PRODUCER, CONSUMER_AWAKE, CONSUMER);
            store(PRODUCER, PRODUCER_AWAKE, 0, SEQ_CST); /* sleep_below */
            load(PRODUCER, POPPED, seen, SEQ_CST); /* its second look */
            if
            :: at - seen == ENTRIES -> wait(PRODUCER)
            :: else -> store(PRODUCER, PRODUCER_AWAKE, 1, RELAXED)
            fi
        fi
    od;
    wants_signal(PRODUCER, CONSUMER_AWAKE, CONSUMER)
}

/* Reads the record, unless that happened early. */
inline take()
{
    if
    :: !early -> first = memory[RECORD(at, 0)]; second = memory[RECORD(at, 1)]
    :: else
    fi;
    early = false
}

/* The store of `popped`: a release waits for the read in front of it. */
inline pop(ordering)
{
    if
    :: late && (ordering) >= RELEASE -> take(); late = false
    :: else
    fi;
    store(CONSUMER, POPPED, at + 1, ordering)
}

proctype consumer()
{
    byte at, seen, awake, slot, first, second;
    bool early, late;
    do
    :: at == RECORDS -> break
    :: else ->
        if
        :: skip
        :: take(); early = true
        fi;
        load(CONSUMER, PUSHED, seen, ACQUIRE); /* pop: size */
        if
        :: seen != at ->
            if
            :: take()
            :: late = true
            fi;
            pop(SEQ_CST); /* popped */
            if
            :: late -> take()
            :: else
            fi;
            late = false;
            at++;
            assert(first == at && second == at);
            first = 0;
            second = 0;
            if
            :: skip
            :: wants_signal(CONSUMER, PRODUCER_AWAKE, PRODUCER)
            fi
        :: else ->
            early = false;
            first = 0;
            second = 0;
            wants_signal(CONSUMER, PRODUCER_AWAKE, PRODUCER);
            store(CONSUMER, CONSUMER_AWAKE, 0, SEQ_CST); /* sleep_if_empty */
            load(CONSUMER, PUSHED, seen, SEQ_CST); /* its second look */
            if
            :: seen == at -> wait(CONSUMER)
            :: else -> store(CONSUMER, CONSUMER_AWAKE, 1, RELAXED)
            fi
        fi
    od;
    wants_signal(CONSUMER, PRODUCER_AWAKE, PRODUCER)
}

init
{
    atomic { run drain(PRODUCER); run drain(CONSUMER); run producer(); run consumer() }
}
