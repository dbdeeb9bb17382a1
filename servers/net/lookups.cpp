// See lookups.hpp.
#include "servers/net/lookups.hpp"

#include "lwip/dns.h"
#include "lwip/icmp.h"
#include "lwip/inet_chksum.h"
#include "servers/net/address_of.hpp"
#include "servers/net/host_name.hpp"
#include "servers/net/sockets.hpp"

namespace net_server {

namespace {

constexpr u32 most_echo_bytes = 8192;
constexpr u8 echo_type = 8, echo_reply_type = 0, echo6_type = 128, echo6_reply_type = 129;

/// An echo's header. [RFC 792, "Echo or Echo Reply Message"; RFC 4443, section 4.1]
struct EchoHeader {
    u8 type, code;
    u16 checksum, id, sequence; // big endian
};

} // namespace

void Lookups::begin()
{
    icmp_ = raw_new_ip_type(IPADDR_TYPE_V4, IP_PROTO_ICMP);
    icmp6_ = raw_new_ip_type(IPADDR_TYPE_V6, IP6_NEXTH_ICMP6);
    if (icmp_ != nullptr) raw_recv(icmp_, on_echo, this);
    if (icmp6_ == nullptr) return;
    raw_recv(icmp6_, on_echo6, this);
    icmp6_->chksum_reqd = 1; // with the pseudo header, which lwIP knows
    icmp6_->chksum_offset = 2;
}

void Lookups::end()
{
    if (icmp_ != nullptr) raw_remove(std::exchange(icmp_, nullptr));
    if (icmp6_ != nullptr) raw_remove(std::exchange(icmp6_, nullptr));
}

Lookups::Entry* Lookups::take(Client& client, Request const& request)
{
    if (client.lookups >= of_one_client) return nullptr;
    for (Entry& entry : entry_) {
        if (entry.client != nullptr || entry.of_dns) continue;
        entry = {};
        entry.client = &client;
        entry.request = request;
        ++client.lookups;
        return &entry;
    }
    return nullptr;
}

void Lookups::end(Entry& entry, Status status, u32 value)
{
    Client& client = *entry.client;
    entry.client = nullptr;
    --client.lookups;
    client.answer(entry.request, status, value);
}

void Lookups::resolve(Client& client, Request const& request)
{
    constexpr u32 longest = 255;
    bool const family = request.value == 0 || request.value == 4 || request.value == 6;
    if (request.bytes == 0 || request.bytes > longest || !family)
        return client.answer(request, Status::bad_request);
    if (client.arena(request.offset, net::max_addresses * sizeof(Address)) == nullptr)
        return client.answer(request, Status::bad_request);
    if (!client.grant.may_resolve()) return client.answer(request, Status::denied);
    char name[longest + 1] = {};
    kit::copy(name, client.arena(request.offset, request.bytes), request.bytes);
    u32 bytes = request.bytes;
    if (name[bytes - 1] == '.') name[--bytes] = 0; // all names are absolute here
    if (!is_host_name({name, bytes})) return client.answer(request, Status::not_found);
    Entry* const entry = take(client, request);
    if (entry == nullptr) return client.answer(request, Status::quota);
    entry->second = request.value == 6; // IPv4 first, where both are wanted
    ask(*entry, name);
}

void Lookups::ask(Entry& entry, char const* name)
{
    ip_addr_t address{};
    u8 const type = entry.second ? LWIP_DNS_ADDRTYPE_IPV6 : LWIP_DNS_ADDRTYPE_IPV4;
    entry.of_dns = true; // it may call back at once
    err_t const error = dns_gethostbyname_addrtype(name, &address, on_found, &entry, type);
    if (error == ERR_INPROGRESS) return;
    on_found(name, error == ERR_OK ? &address : nullptr, &entry);
}

void Lookups::on_found(char const* name, ip_addr_t const* address, void* argument)
{
    auto& entry = *static_cast<Entry*>(argument);
    entry.of_dns = false;
    if (entry.client == nullptr) return; // canceled meanwhile
    if (address != nullptr) entry.address[entry.found++] = address_of(*address);
    bool const more = entry.request.value == 0 && !entry.second;
    Lookups& self = Sockets::self_->lookups_;
    if (more) {
        entry.second = true;
        return self.ask(entry, name);
    }
    if (entry.found > 0)
        kit::copy(entry.client->arena(entry.request.offset, entry.found * sizeof(Address)),
                  entry.address, entry.found * sizeof(Address));
    self.end(entry, entry.found > 0 ? Status::ok : Status::not_found, entry.found);
}

void Lookups::ping(Client& client, Request const& request)
{
    if (request.bytes > most_echo_bytes) return client.answer(request, Status::too_long);
    if (net::is_any(request.address)) return client.answer(request, Status::bad_request);
    if (!sockets_.allowed(client, Rule::What::reach, echo_protocol, request.address, 0))
        return client.answer(request, Status::denied);
    Entry* const entry = take(client, request);
    if (entry == nullptr) return client.answer(request, Status::quota);
    ++pings_;
    entry->id = static_cast<u16>(LWIP_RAND());
    entry->sequence = ++sequence_;
    entry->sent_at = sockets_.hooks_.now();
    if (entry->sent_at == 0) entry->sent_at = 1;
    if (send_echo(*entry)) return;
    --pings_;
    end(*entry, Status::unreachable, 0);
}

bool Lookups::send_echo(Entry& entry)
{
    bool const six = !net::is_ipv4(entry.request.address);
    raw_pcb* const raw = six ? icmp6_ : icmp_;
    if (raw == nullptr) return false;
    auto const bytes = static_cast<u16>(sizeof(EchoHeader) + entry.request.bytes);
    pbuf* const packet = pbuf_alloc(PBUF_IP, bytes, PBUF_RAM);
    if (packet == nullptr) return false;
    EchoHeader header{six ? echo6_type : echo_type, 0, 0, lwip_htons(entry.id),
                      lwip_htons(entry.sequence)};
    auto* const data = static_cast<u8*>(packet->payload);
    __builtin_memcpy(data, &header, sizeof header);
    for (u32 i = sizeof header; i < bytes; ++i) data[i] = static_cast<u8>(i);
    if (!six) {
        header.checksum = inet_chksum(data, bytes);
        __builtin_memcpy(data, &header, sizeof header);
    }
    ip_addr_t const to = ip_of(entry.request.address, six);
    err_t const error = raw_sendto(raw, packet, &to);
    pbuf_free(packet);
    return error == ERR_OK;
}

/// Nonzero when the packet is ours, and freed.
u8 Lookups::on_echo(void* self, raw_pcb*, pbuf* packet, ip_addr_t const* from)
{
    u32 const header = static_cast<u32>(pbuf_get_at(packet, 0) & 15) * 4; // IPv4's comes with it
    static_cast<Lookups*>(self)->echo(packet, header, *from, echo_reply_type);
    return 0; // lwIP's own ICMP looks at it too, and frees it
}
u8 Lookups::on_echo6(void* self, raw_pcb*, pbuf* packet, ip_addr_t const* from)
{
    // The payload begins behind IPv6's header and its extensions, or with it.
    static_cast<Lookups*>(self)->echo(packet, ip_current_header_tot_len(), *from, echo6_reply_type);
    return 0;
}

void Lookups::echo(pbuf* packet, u32 offset, ip_addr_t const& from, u8 type)
{
    EchoHeader header;
    auto const at = static_cast<u16>(offset);
    if (pings_ == 0 || pbuf_copy_partial(packet, &header, sizeof header, at) != sizeof header)
        return;
    if (header.type != type) return;
    Address const sender = address_of(from);
    for (Entry& entry : entry_) {
        if (entry.client == nullptr || entry.sent_at == 0) continue;
        if (entry.id != lwip_ntohs(header.id) || entry.sequence != lwip_ntohs(header.sequence) ||
            !(entry.request.address == sender))
            continue;
        --pings_;
        return end(entry, Status::ok, static_cast<u32>(sockets_.hooks_.now() - entry.sent_at));
    }
}

void Lookups::cancel(Client& client)
{
    for (Entry& entry : entry_) {
        if (entry.client != &client) continue;
        if (entry.sent_at != 0) --pings_;
        end(entry, Status::canceled, 0);
    }
}

void Lookups::run()
{
    if (pings_ == 0) return;
    u64 const now = sockets_.hooks_.now();
    for (Entry& entry : entry_) {
        bool const lost = entry.client != nullptr && entry.sent_at != 0 &&
                          now - entry.sent_at >= ping_microseconds;
        if (!lost) continue;
        --pings_;
        end(entry, Status::timed_out, 0);
    }
}

u64 Lookups::deadline() const
{
    u64 least = ~u64{0};
    if (pings_ == 0) return least;
    for (Entry const& entry : entry_)
        if (entry.client != nullptr && entry.sent_at != 0 &&
            entry.sent_at + ping_microseconds < least)
            least = entry.sent_at + ping_microseconds;
    return least;
}

} // namespace net_server
