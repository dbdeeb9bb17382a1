/* IPC, reply objects and scheduling context donation of the kernel, as a finite machine: three
 * threads, three reply objects, CONTEXTS scheduling contexts, one endpoint, one notification.
 * Each inline stands for the kernel function of the same name and does the same in the same order
 * (microkernel/ipc/endpoint_ipc.cpp, reply_stack.cpp, signal.cpp, thread.cpp, fault.cpp;
 * microkernel/sched/binding.cpp, scheduler.cpp; api/finalise.cpp): change both together.
 * What is left out, and why the rest is enough: README.md. Started by run.py.
 */
#ifndef CONTEXTS
#define CONTEXTS 2
#endif
#ifndef WITH_NOTIFICATION
#define WITH_NOTIFICATION 0
#endif
#ifndef WITH_FAULTS
#define WITH_FAULTS 0
#endif
#ifndef WITH_BUDGETS
#define WITH_BUDGETS 0
#endif
#ifndef CLIENT_SERVER /* two clients and a passive server that answers, for what must happen at last */
#define CLIENT_SERVER 0
#endif

#define THREADS 3
#define REPLIES 3

/* ThreadState. `running` and `restart` are one: a thread that goes on may make any system call, and
 * repeating the last one is one of them. */
#define INACTIVE 0
#define RUNNABLE 1
#define ON_RECEIVE 2
#define ON_SEND 3
#define ON_REPLY 4
#define ON_NOTIFICATION 5

/* Endpoint::State, Notification::State, Fault::kind, Cpu::Action. */
#define IDLE 0
#define SENDERS 1
#define RECEIVERS 2
#define WAITING 1
#define ACTIVE 2
#define NO_FAULT 0
#define FAULT 1
#define TIMEOUT 2
#define RESUME_CURRENT 0
#define TRY_CANDIDATE 1
#define CHOOSE_NEW 2

/* What a system call's two phases name. Reply object r is REPLY_1 + r - 1. */
#define NOTHING 0
#define ENDPOINT 1
#define NOTIFICATION 2
#define RAISE_FAULT 3
#define REPLY_1 4

/* 0 is the null pointer everywhere; objects are numbered from 1. */
typedef Tcb {
    unsigned state : 3;
    unsigned sc : 2;
    unsigned reply : 2;
    unsigned next : 2; /* wait_link */
    unsigned prev : 2;
    unsigned fault : 2;
    bit is_call, answerable; /* of a blocked send; answerable: right grant or grant-reply */
    bit ready, release;      /* in the ready queues, in the release queue */
};
typedef Reply {
    unsigned tcb : 2;
    unsigned prev : 2;
    unsigned next : 2;
    unsigned top_of : 2;
};
typedef SchedContext {
    unsigned tcb : 2;
    unsigned reply : 2;
    bit configured, budget;
};
typedef Queue {
    unsigned head : 2;
    unsigned tail : 2;
    unsigned state : 2;
};

Tcb tcb[THREADS + 1];
Reply reply[REPLIES + 1];
SchedContext sc[CONTEXTS + 1];
Queue ep;
Queue ntfn;
byte ntfn_bound, ntfn_sc; /* Notification::bound_tcb, sched_context */

/* The specification's own account, kept by lend, settle, forget and revoke below and looked at by
 * the checks only: which calls gave a context away and shall get it back, oldest first. */
byte lender[(CONTEXTS + 1) * THREADS];
byte lenders[CONTEXTS + 1];
bit deaf; /* the bound thread waited, with a signal pending, when it was bound */

/* One kernel entry: nothing of it lives on in the next. */
hidden byte me, action, candidate;
/* The choices before it, back at 0 when it ends. */
unsigned op : 5;
unsigned target : 3;
unsigned source : 2;
unsigned r1 : 2;
unsigned r2 : 2;
unsigned s : 2;
unsigned x : 4;
bit blocking, call, answerable, may_donate, wait, at_front, handled, goes_on;

/* ------------------------------------------------------------------ sched/scheduler.cpp */

#define is_schedulable(t) \
    (tcb[t].state == RUNNABLE && tcb[t].sc != 0 && sc[tcb[t].sc].configured && !tcb[t].release)

inline reschedule_required()
{
    if
    :: action == TRY_CANDIDATE && is_schedulable(candidate) -> tcb[candidate].ready = 1
    :: else
    fi;
    action = CHOOSE_NEW;
    candidate = 0
}

inline possible_switch_to(t)
{
    if
    :: tcb[t].sc == 0 || !sc[tcb[t].sc].configured || tcb[t].release
    :: else ->
        if
        :: action != RESUME_CURRENT -> reschedule_required(); tcb[t].ready = 1
        :: else -> action = TRY_CANDIDATE; candidate = t
        fi
    fi
}

inline postpone(context)
{
    tcb[sc[context].tcb].ready = 0;
    tcb[sc[context].tcb].release = 1
}

/* A current thread that lost its context or stopped does not go on.
 * Who runs next is any ready thread: every order of priorities is one of these choices. Between
 * two entries the current thread is in the ready set like the others. */
inline schedule()
{
    if
    :: me != 0 && is_schedulable(me) -> tcb[me].ready = 1
    :: else
    fi;
    if
    :: action == TRY_CANDIDATE && is_schedulable(candidate) -> tcb[candidate].ready = 1
    :: else
    fi
}

/* ------------------------------------------------------------------ sched/binding.cpp */

hidden byte d_sc, d_to, d_from;
inline donate(context, to)
{
    d_sc = context;
    d_to = to;
    d_from = sc[d_sc].tcb;
    if
    :: d_from != 0 ->
        tcb[d_from].ready = 0;
        tcb[d_from].release = 0;
        tcb[d_from].sc = 0
    :: else
    fi;
    sc[d_sc].tcb = d_to;
    tcb[d_to].sc = d_sc
}

inline resume(context)
{
    if
    :: sc[context].tcb != 0 && is_schedulable(sc[context].tcb) && !sc[context].budget ->
        postpone(context)
    :: else
    fi
}

inline unbind_thread(context)
{
    if
    :: sc[context].tcb != 0 ->
        if :: sc[context].tcb == me -> reschedule_required() :: else fi;
        tcb[sc[context].tcb].ready = 0;
        tcb[sc[context].tcb].release = 0;
        tcb[sc[context].tcb].sc = 0;
        sc[context].tcb = 0
    :: else
    fi
}

inline bind_thread(context, t)
{
    tcb[t].sc = context;
    sc[context].tcb = t;
    if :: sc[context].configured -> resume(context) :: else fi;
    if :: is_schedulable(t) -> tcb[t].ready = 1; reschedule_required() :: else fi
}

inline unbind_notification(context)
{
    if :: ntfn_sc == context -> ntfn_sc = 0 :: else fi
}

inline unbind_replies(context)
{
    revoke(context);
    if
    :: sc[context].reply != 0 ->
        reply[sc[context].reply].top_of = 0;
        sc[context].reply = 0
    :: else
    fi
}

inline maybe_donate(t)
{
    if
    :: tcb[t].sc == 0 && ntfn_sc != 0 && sc[ntfn_sc].tcb == 0 ->
        donate(ntfn_sc, t);
        resume(ntfn_sc)
    :: else
    fi
}

inline maybe_return(t)
{
    if
    :: ntfn_sc != 0 && tcb[t].sc == ntfn_sc ->
        tcb[t].sc = 0;
        sc[ntfn_sc].tcb = 0;
        if :: t == me -> reschedule_required() :: else fi
    :: else
    fi
}

/* ------------------------------------------------------------------ object/wait_queue.hpp */

/* Behind or in front of those that wait: every priority of the newcomer among two. */
inline enqueue(queue, t, as)
{
    if
    :: queue.head == 0 -> queue.head = t; queue.tail = t
    :: queue.head != 0 && at_front ->
        tcb[t].next = queue.head;
        tcb[queue.head].prev = t;
        queue.head = t
    :: else ->
        tcb[t].prev = queue.tail;
        tcb[queue.tail].next = t;
        queue.tail = t
    fi;
    queue.state = as
}

inline dequeue(queue, t)
{
    if :: tcb[t].prev != 0 -> tcb[tcb[t].prev].next = tcb[t].next :: else -> queue.head = tcb[t].next fi;
    if :: tcb[t].next != 0 -> tcb[tcb[t].next].prev = tcb[t].prev :: else -> queue.tail = tcb[t].prev fi;
    tcb[t].next = 0;
    tcb[t].prev = 0;
    if :: queue.head == 0 -> queue.state = IDLE :: else fi
}

/* ------------------------------------------------------------------ ipc/reply_stack.cpp */

inline unlink(r)
{
    tcb[reply[r].tcb].reply = 0;
    reply[r].tcb = 0
}

inline offer(r, t)
{
    reply[r].tcb = t;
    tcb[t].reply = r
}

inline withdraw(t)
{
    if :: tcb[t].reply != 0 -> w_reply = tcb[t].reply; unlink(w_reply) :: else fi
}
hidden byte w_reply;

hidden byte p_sc;
inline push(caller, callee, r, donates)
{
    p_sc = tcb[caller].sc;
    offer(r, caller);
    tcb[caller].state = ON_REPLY;
    if
    :: donates && p_sc != 0 && tcb[callee].sc == 0 ->
        lend(p_sc, caller);
        if :: sc[p_sc].reply != 0 -> reply[sc[p_sc].reply].top_of = 0; reply[sc[p_sc].reply].next = r :: else fi;
        reply[r].prev = sc[p_sc].reply;
        reply[r].top_of = p_sc;
        sc[p_sc].reply = r;
        donate(p_sc, callee)
    :: else
    fi
}

hidden byte m_caller, m_older, m_newer, m_sc;
inline remove(r)
{
    m_caller = reply[r].tcb;
    settle(m_caller);
    m_older = reply[r].prev;
    m_newer = reply[r].next;
    m_sc = reply[r].top_of;
    if
    :: m_sc != 0 ->
        sc[m_sc].reply = m_older;
        if :: m_older != 0 -> reply[m_older].next = 0; reply[m_older].top_of = m_sc :: else fi;
        if :: tcb[m_caller].sc == 0 -> donate(m_sc, m_caller) :: else fi
    :: else ->
        if :: m_newer != 0 -> reply[m_newer].prev = m_older :: else fi;
        if :: m_older != 0 -> reply[m_older].next = m_newer :: else fi
    fi;
    reply[r].prev = 0;
    reply[r].next = 0;
    reply[r].top_of = 0;
    unlink(r);
    /* After an answer the context is back with the caller that lent it, unless it was revoked or
     * the caller has another by now. */
    assert(due == 0 || (tcb[m_caller].sc == due && sc[due].tcb == m_caller))
}

hidden byte a_reply;
inline abandon(t)
{
    forget(t);
    a_reply = tcb[t].reply;
    if
    :: reply[a_reply].top_of != 0 -> sc[reply[a_reply].top_of].reply = 0
    :: reply[a_reply].top_of == 0 && reply[a_reply].next != 0 -> reply[reply[a_reply].next].prev = 0
    :: else
    fi;
    if :: reply[a_reply].prev != 0 -> reply[reply[a_reply].prev].next = 0 :: else fi;
    reply[a_reply].prev = 0;
    reply[a_reply].next = 0;
    reply[a_reply].top_of = 0;
    unlink(a_reply)
}

hidden byte c_tcb;
inline clear(r)
{
    c_tcb = reply[r].tcb;
    if
    :: c_tcb != 0 && tcb[c_tcb].state == ON_REPLY ->
        remove(r);
        tcb[c_tcb].fault = NO_FAULT;
        tcb[c_tcb].state = INACTIVE
    :: c_tcb != 0 && tcb[c_tcb].state != ON_REPLY -> cancel_ipc(c_tcb)
    :: else
    fi
}

/* handled: whether the answered thread has a timeout handler; goes_on: what the handler of a fault
 * decided. */
hidden byte n_receiver, n_sc;
hidden byte n_timeout;
inline answer(r)
{
    n_receiver = reply[r].tcb;
    if
    :: n_receiver != 0 && tcb[n_receiver].state == ON_REPLY ->
        remove(r);
        n_timeout = (tcb[n_receiver].fault == TIMEOUT);
        tcb[n_receiver].state = ((tcb[n_receiver].fault == NO_FAULT || goes_on) -> RUNNABLE : INACTIVE);
        tcb[n_receiver].fault = NO_FAULT;
        if
        :: is_schedulable(n_receiver) ->
            if
            :: sc[tcb[n_receiver].sc].budget -> possible_switch_to(n_receiver)
            :: !sc[tcb[n_receiver].sc].budget && handled && !n_timeout -> raise_timeout(n_receiver)
            :: else -> n_sc = tcb[n_receiver].sc; postpone(n_sc)
            fi
        :: else
        fi
    :: else
    fi
}

/* ------------------------------------------------------------------ ipc/endpoint_ipc.cpp */

inline await_answer(caller, callee, r, can_answer, donates)
{
    if
    :: r != 0 && can_answer -> push(caller, callee, r, donates)
    :: else -> tcb[caller].state = INACTIVE
    fi
}

inline make_runnable(t)
{
    tcb[t].state = RUNNABLE;
    possible_switch_to(t)
}

hidden byte x_receiver, x_reply, x_sc;
inline send_ipc(t, blocks, calls, can_answer, donates)
{
    if
    :: ep.state != RECEIVERS && blocks ->
        tcb[t].state = ON_SEND;
        tcb[t].is_call = calls;
        tcb[t].answerable = can_answer;
        enqueue(ep, t, SENDERS)
    :: ep.state == RECEIVERS ->
        x_receiver = ep.head;
        dequeue(ep, x_receiver);
        x_reply = tcb[x_receiver].reply;
        withdraw(x_receiver);
        if
        :: calls || tcb[t].fault != NO_FAULT ->
            await_answer(t, x_receiver, x_reply, can_answer, donates)
        :: !calls && tcb[t].fault == NO_FAULT && donates && tcb[x_receiver].sc == 0 && tcb[t].sc != 0 ->
            x_sc = tcb[t].sc; donate(x_sc, x_receiver)
        :: else
        fi;
        make_runnable(x_receiver)
    :: else
    fi
}

hidden byte y_sender;
inline receive_from_sender(t, r)
{
    y_sender = ep.head;
    dequeue(ep, y_sender);
    if
    :: tcb[y_sender].is_call || tcb[y_sender].fault != NO_FAULT ->
        await_answer(y_sender, t, r, tcb[y_sender].answerable, tcb[y_sender].fault != TIMEOUT)
    :: else -> make_runnable(y_sender)
    fi
}

inline receive_ipc(t, blocks, r)
{
    if
    :: r != 0 && reply[r].tcb != 0 && reply[r].tcb != t -> v_tcb = reply[r].tcb; cancel_ipc(v_tcb)
    :: else
    fi;
    if
    :: ntfn_bound == t && ntfn.state == ACTIVE -> take_signal(t)
    :: else ->
        if :: ntfn_bound == t && blocks -> maybe_return(t) :: else fi;
        if
        :: ep.state == SENDERS -> receive_from_sender(t, r)
        :: ep.state != SENDERS && blocks ->
            tcb[t].state = ON_RECEIVE;
            if :: r != 0 -> offer(r, t) :: else fi;
            enqueue(ep, t, RECEIVERS)
        :: else
        fi
    fi
}
hidden byte v_tcb;

inline cancel_ipc(t)
{
    tcb[t].fault = NO_FAULT;
    if
    :: tcb[t].state == ON_RECEIVE || tcb[t].state == ON_SEND || tcb[t].state == ON_NOTIFICATION ||
       tcb[t].state == ON_REPLY ->
        if
        :: tcb[t].state == ON_RECEIVE -> withdraw(t); dequeue(ep, t)
        :: tcb[t].state == ON_SEND -> dequeue(ep, t)
        :: tcb[t].state == ON_NOTIFICATION -> dequeue(ntfn, t)
        :: tcb[t].state == ON_REPLY -> abandon(t)
        fi;
        tcb[t].state = INACTIVE
    :: else
    fi
}

hidden byte t_faulted;
inline restart_waiter(t)
{
    t_faulted = (tcb[t].fault != NO_FAULT);
    cancel_ipc(t);
    if
    :: !t_faulted -> tcb[t].state = RUNNABLE; possible_switch_to(t)
    :: else
    fi
}

hidden byte u_tcb, u_next;
inline cancel_all_ipc()
{
    do
    :: ep.head != 0 -> u_tcb = ep.head; restart_waiter(u_tcb)
    :: else -> break
    od;
    reschedule_required()
}

/* `badged`: which of the threads that wait have the badge, a bit each. */
inline cancel_badged_sends(badged)
{
    if
    :: ep.state == SENDERS ->
        u_tcb = ep.head;
        do
        :: u_tcb != 0 ->
            u_next = tcb[u_tcb].next;
            if :: (badged >> u_tcb) & 1 -> restart_waiter(u_tcb) :: else fi;
            u_tcb = u_next
        :: else -> break
        od;
        reschedule_required()
    :: else
    fi
}

/* ------------------------------------------------------------------ ipc/signal.cpp */

inline hand_over(t)
{
    tcb[t].state = RUNNABLE;
    maybe_donate(t);
    possible_switch_to(t)
}

hidden byte g_tcb;
inline signal()
{
    if
    :: ntfn.state == IDLE ->
        if
        :: ntfn_bound != 0 && tcb[ntfn_bound].state == ON_RECEIVE ->
            cancel_ipc(ntfn_bound);
            hand_over(ntfn_bound)
        :: else -> ntfn.state = ACTIVE
        fi
    :: ntfn.state == WAITING ->
        g_tcb = ntfn.head;
        dequeue(ntfn, g_tcb);
        hand_over(g_tcb)
    :: else
    fi
}

inline take_signal(t)
{
    ntfn.state = IDLE;
    maybe_donate(t)
}

inline wait_signal(t, blocks)
{
    if
    :: ntfn.state == ACTIVE -> take_signal(t)
    :: ntfn.state != ACTIVE && blocks ->
        tcb[t].state = ON_NOTIFICATION;
        maybe_return(t);
        enqueue(ntfn, t, WAITING)
    :: else
    fi
}

inline cancel_all_signals()
{
    do
    :: ntfn.head != 0 ->
        u_tcb = ntfn.head;
        cancel_ipc(u_tcb);
        tcb[u_tcb].state = RUNNABLE;
        possible_switch_to(u_tcb)
    :: else -> break
    od;
    reschedule_required()
}

/* ------------------------------------------------------------------ ipc/fault.cpp, thread.cpp */

inline raise_fault(t, kind)
{
    if
    :: handled -> tcb[t].fault = kind; send_ipc(t, 1, 0, 1, kind != TIMEOUT)
    :: else -> tcb[t].state = INACTIVE
    fi
}

inline raise_timeout(t)
{
    tcb[t].fault = TIMEOUT;
    send_ipc(t, 1, 0, 1, 0)
}

inline suspend(t)
{
    cancel_ipc(t);
    tcb[t].state = INACTIVE;
    tcb[t].ready = 0;
    tcb[t].release = 0
}

inline restart(t)
{
    if
    :: tcb[t].state != RUNNABLE ->
        cancel_ipc(t);
        tcb[t].state = RUNNABLE;
        if :: tcb[t].sc != 0 -> z_sc = tcb[t].sc; resume(z_sc) :: else fi;
        if :: is_schedulable(t) -> possible_switch_to(t) :: else fi
    :: else
    fi
}

/* ------------------------------------------------------------------ api/finalise.cpp */

inline finalise_endpoint()
{
    cancel_all_ipc();
    assert(ep.head == 0 && ep.tail == 0 && ep.state == IDLE)
}

inline finalise_notification()
{
    ntfn_bound = 0;
    ntfn_sc = 0;
    cancel_all_signals();
    assert(ntfn.head == 0 && ntfn.tail == 0);
    ntfn.state = IDLE /* the memory is zero again before anything else is made of it */
}

inline finalise_sched_context(context)
{
    unbind_thread(context);
    unbind_notification(context);
    unbind_replies(context);
    sc[context].configured = 0;
    sc[context].budget = 0;
    assert(sc[context].tcb == 0 && sc[context].reply == 0)
}

inline finalise_tcb(t)
{
    if :: ntfn_bound == t -> ntfn_bound = 0 :: else fi;
    if :: tcb[t].sc != 0 -> z_sc = tcb[t].sc; unbind_thread(z_sc) :: else fi
    /* then suspend(t) */
}
hidden byte z_sc;

/* ------------------------------------------------------------------ the specification's account */

/* t gave `context` to the one it called. */
inline lend(context, t)
{
    lender[context * THREADS + lenders[context]] = t;
    lenders[context]++
}

hidden byte l_sc, l_i, due;

/* Leaves l_sc, l_i at t's entry, or l_sc == 0. */
inline find_loan(t)
{
    l_sc = CONTEXTS;
    do
    :: l_sc != 0 ->
        l_i = 0;
        do
        :: l_i < lenders[l_sc] && lender[l_sc * THREADS + l_i] != t -> l_i++
        :: else -> break
        od;
        if :: l_i < lenders[l_sc] -> break :: else -> l_sc-- fi
    :: else -> break
    od
}

/* Takes out the oldest entry of l_sc, or with l_i the entry there. */
inline take_out()
{
    do
    :: l_i + 1 < lenders[l_sc] ->
        lender[l_sc * THREADS + l_i] = lender[l_sc * THREADS + l_i + 1];
        l_i++
    :: else -> break
    od;
    lenders[l_sc]--;
    lender[l_sc * THREADS + lenders[l_sc]] = 0
}

/* t's call is over (answered, or its reply object deleted). due: the context it must have now. */
inline settle(t)
{
    find_loan(t);
    due = 0;
    if
    :: l_sc != 0 ->
        if :: l_i + 1 == lenders[l_sc] && tcb[t].sc == 0 -> due = l_sc :: else fi;
        take_out()
    :: else
    fi
}

/* t no longer waits: it gets nothing back, nor do those who lent before it. */
hidden byte l_n;
inline forget(t)
{
    find_loan(t);
    if
    :: l_sc != 0 ->
        l_n = l_i + 1;
        do
        :: l_n != 0 -> l_i = 0; take_out(); l_n--
        :: else -> break
        od
    :: else
    fi
}

inline revoke(context)
{
    l_sc = context;
    do
    :: lenders[l_sc] != 0 -> l_i = 0; take_out()
    :: else -> break
    od
}

/* ------------------------------------------------------------------ the properties */

hidden byte k, n, q, older;

/* Queue: well linked, ends, and holds exactly the threads in these states, nobody twice. */
inline check_queue(queue, state_a, state_b)
{
    n = 0;
    q = 0;
    k = queue.head;
    do
    :: k != 0 ->
        assert(n < THREADS); /* ends */
        assert(tcb[k].prev == q);
        assert(tcb[k].state == state_a || tcb[k].state == state_b);
        assert(tcb[k].state == tcb[queue.head].state); /* all send or all receive */
        n++;
        q = k;
        k = tcb[k].next
    :: else -> break
    od;
    assert(queue.tail == q);
    k = 1;
    do
    :: k <= THREADS ->
        if :: tcb[k].state == state_a || tcb[k].state == state_b -> n-- :: else fi;
        k++
    :: else -> break
    od;
    assert(n == 0)
}

inline check_thread(t)
{
    /* A thread has at most one context, a context at most one thread, and both know. */
    assert(tcb[t].sc == 0 || sc[tcb[t].sc].tcb == t);
    /* A thread that waits for an answer has one reply object, and it is that thread's. A receiver
     * may offer one; nobody else has one. */
    assert(tcb[t].reply == 0 || reply[tcb[t].reply].tcb == t);
    assert(tcb[t].state != ON_REPLY || tcb[t].reply != 0);
    assert(tcb[t].reply == 0 || tcb[t].state == ON_REPLY || tcb[t].state == ON_RECEIVE);
    /* Who can run is ready, and who is ready can run, with budget: nobody is forgotten. */
    assert(tcb[t].ready == is_schedulable(t));
    assert(!tcb[t].ready || sc[tcb[t].sc].budget);
    /* Who waits for a refill would run with one. */
    assert(!tcb[t].release || (tcb[t].state == RUNNABLE && sc[tcb[t].sc].configured && !sc[tcb[t].sc].budget));
    /* A thread with a fault is stopped: it waits for its handler, or for somebody to restart it. */
    assert(tcb[t].fault == NO_FAULT || tcb[t].state == ON_SEND || tcb[t].state == ON_REPLY ||
           tcb[t].state == INACTIVE);
    /* A thread in no queue has no neighbours. */
    assert((tcb[t].next == 0 && tcb[t].prev == 0) || tcb[t].state == ON_RECEIVE ||
           tcb[t].state == ON_SEND || tcb[t].state == ON_NOTIFICATION)
}

inline check_reply(r)
{
    assert(reply[r].tcb == 0 || tcb[reply[r].tcb].reply == r);
    /* In a stack only while somebody waits for its answer. */
    assert((reply[r].prev == 0 && reply[r].next == 0 && reply[r].top_of == 0) ||
           (reply[r].tcb != 0 && tcb[reply[r].tcb].state == ON_REPLY));
    assert(reply[r].prev == 0 || reply[reply[r].prev].next == r);
    assert(reply[r].next == 0 || (reply[reply[r].next].prev == r && reply[r].top_of == 0));
    assert(reply[r].top_of == 0 || sc[reply[r].top_of].reply == r);
    /* No cycle: upwards it ends, at a context or where the stack was broken. */
    assert(reply[r].next == 0 || reply[reply[r].next].next == 0 ||
           reply[reply[reply[r].next].next].next == 0)
}

/* The stack of a context is exactly its loans that nobody has taken back, newest first. */
inline check_context(context)
{
    assert(sc[context].tcb == 0 || tcb[sc[context].tcb].sc == context);
    k = sc[context].reply;
    n = lenders[context];
    do
    :: k != 0 ->
        assert(n != 0);
        n--;
        assert(reply[k].tcb == lender[context * THREADS + n]);
        k = reply[k].prev
    :: else -> break
    od;
    assert(n == 0);
    assert(sc[context].reply == 0 || reply[sc[context].reply].top_of == context)
}

inline check_notification()
{
    assert((ntfn.state == WAITING) == (ntfn.head != 0));
    check_queue(ntfn, ON_NOTIFICATION, ON_NOTIFICATION);
    /* No signal is left lying while the bound thread waits, unless it waited when it was bound. */
    if
    :: ntfn_bound == 0 || ntfn.state != ACTIVE || tcb[ntfn_bound].state != ON_RECEIVE -> deaf = 0
    :: else
    fi;
    assert(deaf || ntfn_bound == 0 || ntfn.state != ACTIVE || tcb[ntfn_bound].state != ON_RECEIVE)
}

/* Reply objects are all alike. So that what differs in their numbers only is one state, the one of
 * thread t gets number t. */
inline renumber(i)
{
    if :: i == k -> i = n :: i == n -> i = k :: else fi
}

inline swap(field, other) { q = field; field = other; other = q }

inline number_replies()
{
    k = 1;
    do
    :: k > REPLIES -> break
    :: k <= REPLIES && (reply[k].tcb == 0 || reply[k].tcb == k) -> k++
    :: else ->
        n = reply[k].tcb;
        swap(reply[k].tcb, reply[n].tcb);
        swap(reply[k].prev, reply[n].prev);
        swap(reply[k].next, reply[n].next);
        swap(reply[k].top_of, reply[n].top_of);
        older = 1;
        do
        :: older <= THREADS ->
            renumber(tcb[older].reply); renumber(reply[older].prev); renumber(reply[older].next);
            older++
        :: else -> break
        od;
        older = 1;
        do
        :: older <= CONTEXTS -> renumber(sc[older].reply); older++
        :: else -> break
        od
    od
}

inline check()
{
    assert(ep.state == (ep.head == 0 -> IDLE : (tcb[ep.head].state == ON_SEND -> SENDERS : RECEIVERS)));
    check_queue(ep, ON_SEND, ON_RECEIVE);
    older = 1;
    do
    :: older <= THREADS ->
        check_thread(older);
        check_reply(older);
        /* What only a blocked send means. */
        if
        :: tcb[older].state != ON_SEND -> tcb[older].is_call = 0; tcb[older].answerable = 0
        :: else
        fi;
        older++
    :: else -> break
    od;
    older = 1;
    do
    :: older <= CONTEXTS -> check_context(older); older++
    :: else -> break
    od;
    check_notification()
}

/* ------------------------------------------------------------------ kernel entries */

#define SYSTEM_CALL 1
#define END_SLICE 2
#define REFILL 3
#define SUSPEND 4
#define RESUME 5
#define DELETE_TCB 6
#define DELETE_REPLY 7
#define DELETE_ENDPOINT 8
#define CANCEL_BADGED_SENDS 9
#define SET_PRIORITY 10
#define DELETE_CONTEXT 11
#define CONFIGURE 12
#define BIND 13
#define UNBIND_THREAD 14
#define UNBIND 15
#define DELETE_NOTIFICATION 16
#define LEND_TO_NOTIFICATION 17
#define UNBIND_NOTIFICATION 18
#define BIND_NOTIFICATION 19
#define UNBIND_FROM_THREAD 20

/* The two phases of a system call (api/syscall.cpp): `target` is what the first sends to, `source`
 * what the second receives from. Faults come here too, and the signals of interrupts (me is 0). */
inline send_phase()
{
    if
    :: target == ENDPOINT -> send_ipc(me, blocking, call, answerable, may_donate)
    :: target == NOTIFICATION -> signal()
    :: target >= REPLY_1 -> answer(target - REPLY_1 + 1)
    :: else
    fi
}

inline receive_phase()
{
    if
    :: source == ENDPOINT -> receive_ipc(me, wait, r2)
    :: source == NOTIFICATION -> wait_signal(me, wait)
    :: source == RAISE_FAULT -> raise_fault(me, (op == END_SLICE -> TIMEOUT : FAULT))
    :: else
    fi
}

/* The time that the current context had is used up (scheduler.cpp, end_slice). */
inline end_slice()
{
    n_sc = tcb[me].sc;
    sc[n_sc].budget = 0;
    if :: !handled -> postpone(n_sc) :: else fi;
    reschedule_required()
}

/* A refill comes due (release_queue.cpp, wake_ready). */
inline refill(context)
{
    sc[context].budget = 1;
    f_tcb = sc[context].tcb;
    if
    :: f_tcb != 0 && tcb[f_tcb].release -> tcb[f_tcb].release = 0; possible_switch_to(f_tcb)
    :: else
    fi
}

/* perform_configure (api/decode_sched_context.cpp); a context in use keeps what it has used. */
hidden byte f_tcb;
inline configure(context)
{
    f_tcb = sc[context].tcb;
    if :: f_tcb != 0 -> tcb[f_tcb].ready = 0; tcb[f_tcb].release = 0 :: else fi;
    if
    :: sc[context].configured && f_tcb != 0 && tcb[f_tcb].state == RUNNABLE && handled ->
        sc[context].budget = 0
    :: else -> sc[context].budget = 1
    fi;
    sc[context].configured = 1;
    if
    :: f_tcb != 0 ->
        resume(context);
        if
        :: f_tcb == me -> reschedule_required()
        :: f_tcb != me && is_schedulable(f_tcb) -> possible_switch_to(f_tcb)
        :: else
        fi
    :: else
    fi
}

#define is_blocked(t) (tcb[t].state >= ON_RECEIVE)
#define bindable(context, t) (sc[context].tcb == 0 && tcb[t].sc == 0 && \
    (!is_blocked(t) || (sc[context].configured && sc[context].budget)))

/* What `me` invokes on others; the conditions are those of the decoders, and what they refuse
 * changes nothing. me is 0: a thread beyond the three does it. */
inline perform()
{
    if
    :: op == REFILL && sc[s].configured && !sc[s].budget -> refill(s)
    :: op == SUSPEND || op == DELETE_TCB ->
        if :: op == DELETE_TCB -> finalise_tcb(x) :: else fi;
        suspend(x);
        assert(op == SUSPEND || (tcb[x].sc == 0 && tcb[x].reply == 0 && tcb[x].fault == NO_FAULT))
    :: op == RESUME -> restart(x)
    :: op == DELETE_REPLY -> clear(r1)
    :: op == DELETE_ENDPOINT -> finalise_endpoint()
    :: op == CANCEL_BADGED_SENDS -> cancel_badged_sends(x)
    :: op == SET_PRIORITY ->
        if
        :: tcb[x].state == ON_SEND || tcb[x].state == ON_RECEIVE ->
            q = ep.state; dequeue(ep, x); enqueue(ep, x, q)
        :: tcb[x].state == ON_NOTIFICATION -> dequeue(ntfn, x); enqueue(ntfn, x, WAITING)
        :: else
        fi
    :: op == DELETE_CONTEXT -> finalise_sched_context(s)
    :: op == CONFIGURE -> configure(s)
    :: op == BIND && bindable(s, x) -> bind_thread(s, x)
    :: (op == UNBIND_THREAD || op == UNBIND) && (me == 0 || sc[s].tcb != me) ->
        unbind_thread(s);
        if :: op == UNBIND -> unbind_notification(s); unbind_replies(s) :: else fi
    :: op == DELETE_NOTIFICATION -> finalise_notification()
    :: op == LEND_TO_NOTIFICATION && ntfn_sc == 0 -> ntfn_sc = s
    :: op == UNBIND_NOTIFICATION -> ntfn_sc = 0
    :: op == BIND_NOTIFICATION && ntfn_bound == 0 && ntfn.head == 0 ->
        ntfn_bound = x;
        deaf = (ntfn.state == ACTIVE && tcb[x].state == ON_RECEIVE)
    :: op == UNBIND_FROM_THREAD -> ntfn_bound = 0
    :: else
    fi
}

/* A reply object to name: one in use, or the first that is free (free ones are all alike). */
inline choose_reply(r)
{
    if
    :: r = 1
    :: reply[1].tcb != 0 || reply[2].tcb != 0 -> r = 2
    :: (reply[1].tcb != 0 && reply[2].tcb != 0) || reply[3].tcb != 0 -> r = 3
    fi
}

inline choose_thread()
{
    if :: x = 1 :: x = 2 :: x = 3 fi
}

inline choose_context()
{
    if
    :: s = 1
#if CONTEXTS > 1
    :: s = 2
#endif
#if CONTEXTS > 2
    :: s = 3
#endif
    fi
}

inline choose_source()
{
    if
    :: source = ENDPOINT; if :: true :: choose_reply(r2) fi
#if WITH_NOTIFICATION
    :: ntfn_bound == 0 || ntfn_bound == _pid -> source = NOTIFICATION
#endif
#if WITH_FAULTS
    :: source = RAISE_FAULT
#endif
    fi
}

inline choose_system_call()
{
    op = SYSTEM_CALL;
    wait = 1;
    if
    :: target = ENDPOINT; blocking = 1; call = 1; may_donate = 1;       /* Call */
        if :: true :: answerable = 1 fi
    :: target = ENDPOINT; if :: true :: blocking = 1 fi                 /* NBSend, Send */
    :: target = ENDPOINT; may_donate = 1; choose_source()               /* NBSendRecv, NBSendWait */
    :: choose_source(); if :: true :: wait = 0 fi                       /* Recv, Wait, NBRecv, NBWait */
    :: choose_reply(r1); target = REPLY_1 + r1 - 1;
        if
        :: true                                                         /* Send to a reply object */
        :: choose_source()                                              /* ReplyRecv */
        fi
#if WITH_NOTIFICATION
    :: target = NOTIFICATION;
        if
        :: true                                                         /* Signal */
        :: choose_source()                                              /* NBSendRecv, NBSendWait */
        fi
#endif
    fi;
    if :: true :: source == RAISE_FAULT || (WITH_BUDGETS && target >= REPLY_1) -> handled = 1 fi;
    if :: true :: WITH_FAULTS && target >= REPLY_1 -> goes_on = 1 fi
}

/* By a thread beyond the three. */
inline choose_invocation()
{
    if
    :: choose_thread(); if :: op = SUSPEND :: op = RESUME :: op = DELETE_TCB :: op = SET_PRIORITY fi
    :: choose_reply(r1); op = DELETE_REPLY
    :: op = DELETE_ENDPOINT
    :: op = CANCEL_BADGED_SENDS; /* of the threads in x, a bit each */
        if :: x = 2 :: x = 4 :: x = 8 :: x = 6 :: x = 10 :: x = 12 fi
    :: choose_context(); if :: op = DELETE_CONTEXT :: op = UNBIND_THREAD :: op = UNBIND fi
    :: choose_context(); op = CONFIGURE; if :: true :: WITH_BUDGETS -> handled = 1 fi
    :: choose_context(); choose_thread(); op = BIND
#if WITH_NOTIFICATION
    :: op = DELETE_NOTIFICATION
    :: op = UNBIND_NOTIFICATION
    :: op = UNBIND_FROM_THREAD
    :: choose_context(); op = LEND_TO_NOTIFICATION
    :: choose_thread(); op = BIND_NOTIFICATION
#endif
    fi
}

/* By one of the three: only where it matters that it runs while that is done, because it is done to
 * itself, or may give or take its context. */
inline choose_own_invocation()
{
    if
    :: x = _pid; if :: op = SUSPEND :: op = DELETE_TCB fi
    :: s = tcb[_pid].sc; if :: op = DELETE_CONTEXT :: op = CONFIGURE; if :: true :: WITH_BUDGETS -> handled = 1 fi fi
    :: choose_reply(r1); op = DELETE_REPLY
    :: op = DELETE_ENDPOINT
    fi
}

inline begin(by)
{
    me = by;
    action = RESUME_CURRENT;
    candidate = 0;
    if :: me != 0 -> tcb[me].ready = 0 :: else fi
}

/* One entry into the kernel with the choices made. The printf speaks when run.py shows a failure. */
inline kernel_entry()
{
    printf("thread %d: op %d, send phase %d (block %d, call %d, grant %d, donate %d), receive phase %d (wait %d, reply %d), x %d, context %d, reply %d, front %d, handler %d, goes on %d\n",
        _pid, op, target, blocking, call, answerable, may_donate, source, wait, r2, x, s, r1, at_front, handled, goes_on);
    if
    :: op == SYSTEM_CALL && target != NOTHING -> d_step { begin(_pid); send_phase() }
    :: op == END_SLICE -> d_step { begin(_pid); end_slice() }
    :: op != SYSTEM_CALL && op != END_SLICE -> d_step { begin(_pid); perform() }
    :: else -> d_step { begin(_pid) }
    fi;
    if :: source != NOTHING -> d_step { receive_phase() } :: else fi;
    d_step {
        schedule();
        check();
        number_replies();
        op = 0; target = 0; source = 0; r1 = 0; r2 = 0; s = 0; x = 0; blocking = 0; call = 0;
        answerable = 0; may_donate = 0; wait = 0; at_front = 0; handled = 0; goes_on = 0
    }
}

#if !CLIENT_SERVER
/* Process 0 is the machine and everybody else, 1 to 3 are the threads. The kernel runs with its lock
 * held, so an entry is one step. */
active [THREADS + 1] proctype entry()
{
end:
    do
    :: atomic {
        _pid == 0 || tcb[_pid].ready ->
        if
        :: _pid != 0 -> choose_system_call()
        :: _pid != 0 -> choose_own_invocation()
        :: _pid == 0 -> choose_invocation()
#if WITH_BUDGETS
        :: _pid != 0 -> op = END_SLICE; if :: true :: handled = 1; source = RAISE_FAULT fi
        :: _pid == 0 -> op = REFILL; choose_context()
#endif
#if WITH_NOTIFICATION
        :: _pid == 0 -> op = SYSTEM_CALL; target = NOTIFICATION /* an interrupt */
#endif
        fi;
        if
        :: true
        :: (ep.head != 0 || ntfn.head != 0) &&
           (target != NOTHING || source != NOTHING || op == SET_PRIORITY) -> at_front = 1
        fi;
        kernel_entry() }
    od
}
#else
/* Threads 1 and 2 Call for ever, on contexts 1 and 2; thread 3 answers for ever, on its callers'.
 * Anybody's time may run out before the call or answer, the server's once for each answer. */
bit tired;
active [THREADS + 1] proctype entry()
{
    if
    :: _pid == 0 -> d_step {
        n = 1;
        do
        :: n <= THREADS ->
            tcb[n].state = RUNNABLE;
            if
            :: n <= CONTEXTS ->
                sc[n].configured = 1; sc[n].budget = 1; sc[n].tcb = n;
                tcb[n].sc = n; tcb[n].ready = 1
            :: else
            fi;
            n++
        :: else -> break
        od;
        /* The server has received once: it waits with a reply object. */
        reply[3].tcb = 3; tcb[3].reply = 3; tcb[3].state = ON_RECEIVE;
        ep.head = 3; ep.tail = 3; ep.state = RECEIVERS }
    :: _pid != 0 -> skip
    fi;
    do
    :: atomic {
        _pid != 0 && tcb[_pid].ready ->
        if
        :: _pid != 3 || !tired -> op = END_SLICE; tired = (_pid == 3 -> 1 : tired)
        :: _pid != 3 ->
            op = SYSTEM_CALL; target = ENDPOINT; blocking = 1; call = 1; may_donate = 1; answerable = 1
        :: _pid == 3 ->
            op = SYSTEM_CALL; source = ENDPOINT; wait = 1; tired = 0;
            r2 = (tcb[1].state == ON_REPLY -> 1 : 2);
            target = REPLY_1 + r2 - 1
        fi;
        kernel_entry() }
    :: _pid == 0 && (!sc[1].budget || !sc[2].budget) -> d_step { refill(1); refill(2); schedule(); check() }
    od
}

/* A client whose server answers runs again and again, if every process that could go on does. */
ltl client_runs { [] <> tcb[1].ready && [] <> tcb[2].ready }
#endif
