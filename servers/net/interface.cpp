#include "servers/net/interface.hpp"

#include "lwip/apps/mdns.h"
#include "lwip/dhcp.h"
#include "lwip/etharp.h"
#include "lwip/ethip6.h"
#include "lwip/priv/nd6_priv.h"
#include "lwip/priv/tcp_priv.h"
#include "netif/ethernet.h"
#include "servers/net/address_of.hpp"
#include "servers/net/name_servers.hpp"
#include "servers/net/packet_memory.hpp"
#include "servers/net/protocol_address.hpp"

namespace net_server {

using netconf::Method;
using netconf::State;
using program::State::absent;

namespace {

constexpr u32 mdns_seconds = 120; ///< of life of a name, as RFC 6762 recommends in section 10
constexpr u8 all_nodes[6] = {0x33, 0x33, 0, 0, 0, 1}; ///< ff02::1, which lwIP joins silently

u8 owner_of(u32 edge)
{
    return static_cast<u8>(edge + 1);
}

/// Sends again at once what the peers have not acknowledged: frames may have died with a driver,
/// and TCP's own timer would wait for half a second and more.
void retransmit_all()
{
    for (tcp_pcb* pcb = tcp_active_pcbs; pcb != nullptr; pcb = pcb->next)
        if (pcb->unacked != nullptr && tcp_rexmit_rto_prepare(pcb) == ERR_OK)
            tcp_rexmit_rto_commit(pcb);
}

} // namespace

void Interface::begin(program::Program const& self, program::Use const& use, u32 edge, u32& names,
                      Settings const& settings, char const* host_name, logging::Logger& log)
{
    self_ = &self;
    use_ = use;
    log_ = &log;
    edge_ = edge;
    names_ = &names;
    settings_ = settings;
    host_name_ = host_name;
    shared_ = use.memory<nic::Shared>();
    bool const first = shared_->wanted.session.fetch_add(1, std::memory_order_acq_rel) == 0;
    before_ = first ? 0 : shared_->epoch.load(std::memory_order_acquire);
    receive_.attach(*shared_, owner_of(edge));
    transmit_.attach(*shared_);
    filter_ = {};
    filter_.add(all_nodes);
    show_wanted();
    if (before_ != 0) use_.signal.signal();
}

void Interface::end()
{
    receive_.stop();
    transmit_.drop_all();
    packet_memory.free_all(owner_of(edge_));
    if (!has_netif_) return;
    dhcp_release_and_stop(&netif_);
    dhcp_cleanup(&netif_);
    name_servers.forget(netif_);
    mdns_resp_remove_netif(&netif_);
    netif_remove(&netif_);
    transmit_.drop_all(); // the last frames
    has_netif_ = false;
}

bool Interface::run()
{
    look();
    if (epoch_ == 0) return true; // no driver yet
    transmit_.run(epoch_);
    bool const done = take_frames();
    receive_.post();
    transmit_.run(epoch_); // what the frames were answered with
    return done;
}

void Interface::tell()
{
    if (epoch_ == 0) return;
    bool const receive = receive_.must_signal();
    if (transmit_.must_signal() || receive) use_.signal.signal();
}

bool Interface::sleep()
{
    if (epoch_ == 0)
        return shared_->epoch.load(std::memory_order_seq_cst) == before_; // no driver yet
    bool const receive = receive_.sleep();
    bool const transmit = transmit_.sleep();
    return receive && transmit &&
           shared_->changes.load(std::memory_order_seq_cst) == link_changes_ &&
           shared_->epoch.load(std::memory_order_seq_cst) == epoch_;
}

void Interface::tick()
{
    u32 const now = transmit_.under_way();
    if (now > 0 && under_way_ > 0) use_.signal.signal();
    under_way_ = now;
    net::Address const router = has_netif_ ? this->router() : net::Address{};
    changed_ |= std::exchange(told_router_, router) != router;
}

/// Another driver, or another link.
void Interface::look()
{
    u32 const epoch = shared_->epoch.load(std::memory_order_acquire);
    if (epoch != epoch_ && (epoch_ != 0 || epoch != before_)) take_over(epoch);
    u32 const changes = shared_->changes.load(std::memory_order_acquire);
    if (changes != link_changes_) {
        link_changes_ = changes;
        look_at_link();
    }
    if (self_->state_of(use_.peer) == absent && link_up_) no_driver();
}

/// The device is quiet, and the new driver knows nothing: all buffers are ours.
void Interface::take_over(u32 epoch)
{
    bool const first = epoch_ == 0;
    epoch_ = epoch;
    packet_memory.free_all(owner_of(edge_));
    if (!read_description()) {
        receive_.stop();
        return no_driver();
    }
    receive_.restart(epoch, features_, buffer_bytes_);
    transmit_.restart();
    receive_.post();
    if (!has_netif_) add_netif();
    show_wanted();
    look_at_link();
    if (first) return;
    ++driver_changes_;
    retransmit_all();
}

void Interface::no_driver()
{
    transmit_.drop_all();
    link_up_ = 0;
    changed_ = true;
    if (has_netif_) netif_set_link_down(&netif_);
}

bool Interface::read_description()
{
    u8 mac[6];
    for (u32 i = 0; i < 6; ++i) mac[i] = static_cast<u8 volatile&>(shared_->address[i]);
    buffer_bytes_ = shared_->buffer_bytes.load(std::memory_order_relaxed);
    mtu_ = shared_->mtu.load(std::memory_order_relaxed);
    offered_ = shared_->features.load(std::memory_order_relaxed);
    choose_offloads();
    for (u32 i = 0; i + 1 < sizeof model_; ++i) {
        char const c = static_cast<char volatile&>(shared_->model[i]);
        model_[i] = c == 0 || (c >= ' ' && c <= '~') ? c : '?';
    }
    bool const good = (buffer_bytes_ == 2048 || buffer_bytes_ == 4096) && mtu_ >= 1280 &&
                      mtu_ <= 9000 && !(mac[0] & 1);
    if (!good) {
        log_->error("network card {}: its driver says what cannot be, it is not used", edge_);
        return false;
    }
    __builtin_memcpy(mac_, mac, sizeof mac_);
    changed_ = true;
    if (has_netif_) {
        __builtin_memcpy(netif_.hwaddr, mac_, sizeof mac_);
        on_begin(&netif_);
    }
    return true;
}

/// What of the device's abilities is used.
void Interface::choose_offloads()
{
    using namespace nic::feature;
    constexpr u32 offloads = checksum | ip_checksum | segment4 | segment6 | check_received;
    features_ = settings_.plain ? offered_ & ~offloads : offered_;
}

void Interface::show_wanted()
{
    filter_.show(shared_->wanted, settings_.up != 0, settings_.plain != 0);
}

void Interface::add_netif()
{
    has_netif_ = added_ = true;
    number_ = (*names_)++;
    name_[0] = 'e', name_[1] = 't', name_[2] = 'h', name_[3] = static_cast<char>('0' + number_);
    netif_add_noaddr(&netif_, this, on_begin, ethernet_input);
    netif_set_status_callback(&netif_, on_status);
    netif_set_hostname(&netif_, host_name_);
    netif_create_ip6_linklocal_address(&netif_, 1);
    netif_set_ip6_autoconfig_enabled(&netif_, 1);
    if (netif_default == nullptr) netif_set_default(&netif_);
    mdns_resp_add_netif(&netif_, host_name_, mdns_seconds);
    apply();
}

/// What depends on the driver. Also lwIP's callback for a new interface.
err_t Interface::on_begin(netif* it)
{
    Interface& self = of(*it);
    it->name[0] = 'e';
    it->name[1] = 't';
    it->mtu = it->mtu6 = static_cast<u16>(self.mtu_);
    it->hwaddr_len = sizeof self.mac_;
    __builtin_memcpy(it->hwaddr, self.mac_, sizeof self.mac_);
    it->flags = static_cast<u8>(it->flags | NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP |
                                NETIF_FLAG_ETHERNET | NETIF_FLAG_IGMP | NETIF_FLAG_MLD6);
    it->output = etharp_output;
    it->output_ip6 = ethip6_output;
    it->linkoutput = on_output;
    // Here, since lwIP joins "all systems" before it lets anybody know the interface.
    netif_set_igmp_mac_filter(it, on_group);
    netif_set_mld_mac_filter(it, on_group6);
    // Sums of received frames are checked as the device says of each (input.cpp).
    u16 sums = NETIF_CHECKSUM_ENABLE_ALL & ~(NETIF_CHECKSUM_CHECK_TCP | NETIF_CHECKSUM_CHECK_UDP);
    if (self.features_ & nic::feature::checksum) sums &= ~NETIF_CHECKSUM_GEN_TCP;
    NETIF_SET_CHECKSUM_CTRL(it, sums);
    return ERR_OK;
}

void Interface::look_at_link()
{
    u32 const up = shared_->link_up.load(std::memory_order_relaxed) != 0;
    speed_ = shared_->speed_mbit.load(std::memory_order_relaxed);
    full_duplex_ = shared_->full_duplex.load(std::memory_order_relaxed);
    changed_ = true;
    if (up == link_up_ || !has_netif_) return;
    link_up_ = up;
    if (!up)
        log_->info("{}: {}, no link", name_, model_);
    else if (speed_ > 0)
        log_->info("{}: {}, {} Mbit/s{}", name_, model_, speed_,
                   full_duplex_ ? "" : " half duplex");
    else
        log_->info("{}: {}, link up", name_, model_);
    // lwIP asks for addresses anew: DHCP makes sure of its lease, IPv6 asks for routers.
    if (up)
        netif_set_link_up(&netif_);
    else
        netif_set_link_down(&netif_);
}

void Interface::set(Settings const& settings)
{
    settings_ = settings;
    changed_ = true;
    if (has_netif_) apply();
    show_wanted();
    use_.signal.signal();
}

void Interface::set_offload(bool on)
{
    settings_.plain = on ? 0 : 1;
    changed_ = true;
    choose_offloads();
    receive_.use(features_);
    if (has_netif_) on_begin(&netif_);
    show_wanted();
    use_.signal.signal();
}

void Interface::apply()
{
    dhcp_release_and_stop(&netif_);
    name_servers.forget(NameServers::Source::hand, netif_);
    name_servers.forget(NameServers::Source::dhcp, netif_);
    if (settings_.up == 0) {
        name_servers.forget(netif_);
        return netif_set_down(&netif_);
    }
    auto const method = static_cast<Method>(settings_.method);
    ip4_addr_t const any{};
    if (method == Method::fixed)
        apply_fixed();
    else
        netif_set_addr(&netif_, &any, &any, &any);
    netif_set_up(&netif_);
    if (method == Method::dhcp) dhcp_start(&netif_);
}

void Interface::apply_fixed()
{
    ip4_addr_t const address{settings_.address}, mask{settings_.mask}, gateway{settings_.gateway};
    netif_set_addr(&netif_, &address, &mask, &gateway);
    name_servers.set(NameServers::Source::hand, netif_, ip_of(settings_.name_server, false),
                     NameServers::forever);
}

void Interface::on_status(netif* it)
{
    Interface& self = of(*it);
    self.changed_ = true;
    self.log_address();
}

void Interface::log_address()
{
    u32 const address = netif_ip4_addr(&netif_)->addr;
    if (address == told_address_) return;
    told_address_ = address;
    if (address == 0) { // a lease that ends takes its name servers along
        name_servers.forget(NameServers::Source::dhcp, netif_);
        return log_->info("{}: no IPv4 address", name_);
    }
    auto const byte = [&](u32 i) { return address >> 8 * i & 0xff; };
    log_->info("{}: {}.{}.{}.{}/{}{}", name_, byte(0), byte(1), byte(2), byte(3),
               ip4_prefix(netif_ip4_netmask(&netif_)->addr),
               dhcp_supplied_address(&netif_) ? " by DHCP" : "");
}

err_t Interface::on_group(netif* it, ip4_addr_t const* group, netif_mac_filter_action action)
{
    u8 const* const ip = reinterpret_cast<u8 const*>(&group->addr);
    // [RFC 1112, section 6.4]
    u8 const mac[6] = {0x01, 0x00, 0x5e, static_cast<u8>(ip[1] & 0x7f), ip[2], ip[3]};
    return of(*it).filter(mac, action);
}

err_t Interface::on_group6(netif* it, ip6_addr_t const* group, netif_mac_filter_action action)
{
    u8 const* const ip = reinterpret_cast<u8 const*>(group->addr);
    u8 const mac[6] = {0x33, 0x33, ip[12], ip[13], ip[14], ip[15]}; // [RFC 2464, section 7]
    return of(*it).filter(mac, action);
}

err_t Interface::filter(u8 const (&group)[6], netif_mac_filter_action action)
{
    if (action == NETIF_ADD_MAC_FILTER)
        filter_.add(group);
    else
        filter_.remove(group);
    show_wanted();
    use_.signal.signal();
    return ERR_OK;
}

State Interface::state() const
{
    if (!has_netif_ || self_->state_of(use_.peer) == absent) return State::no_driver;
    if (settings_.up == 0) return State::down;
    if (!link_up_) return State::no_link;
    return netif_ip4_addr(&netif_)->addr == 0 ? State::configuring : State::up;
}

u64 Interface::lease_left() const
{
    dhcp const* const it = has_netif_ ? netif_dhcp_data(&netif_) : nullptr;
    if (it == nullptr || !dhcp_supplied_address(&netif_)) return 0;
    return u64{it->offered_t0_lease} - (u64{it->lease_used} * DHCP_COARSE_TIMER_SECS);
}

/// Where packets for the rest of the IPv6 world go; all zero: nowhere. A router that is known to
/// be there goes first, as lwIP chooses (nd6_select_router).
net::Address Interface::router() const
{
    net::Address found{};
    for (u32 i = 0; i < LWIP_ND6_NUM_ROUTERS; ++i) {
        auto const* const neighbor = default_router_list[i].neighbor_entry;
        if (neighbor == nullptr || neighbor->netif != &netif_) continue;
        if (default_router_list[i].invalidation_timer == 0) continue; // none by default
        bool const first = found == net::Address{};
        bool const known = neighbor->state != ND6_INCOMPLETE;
        if (first || known) found = protocol_address(neighbor->next_hop_address);
        if (known) break;
    }
    return found;
}

void Interface::describe(netconf::GetInterface::Reply& out) const
{
    __builtin_memcpy(out.name, name_, sizeof name_);
    __builtin_memcpy(out.model, model_, sizeof out.model);
    __builtin_memcpy(out.hardware_address, mac_, sizeof mac_);
    out.medium = static_cast<u32>(netconf::Medium::ethernet);
    out.state = static_cast<u32>(state());
    out.method = settings_.method;
    out.mtu = mtu_;
    out.speed_mbit = speed_;
    out.full_duplex = full_duplex_;
    out.epoch = epoch_;
    out.features = offered_;
    out.offload = settings_.plain == 0;
    auto const add = [&](net::Address const& address, u32 bits) {
        if (out.address_count == netconf::addresses_per_interface) return;
        out.prefix[out.address_count] = static_cast<u8>(bits);
        out.address[out.address_count++] = address;
    };
    if (u32 const mask = netif_ip4_netmask(&netif_)->addr; netif_ip4_addr(&netif_)->addr != 0)
        add(protocol_address(*netif_ip4_addr(&netif_)), ip4_prefix(mask));
    for (s8_t i = 0; i < LWIP_IPV6_NUM_ADDRESSES; ++i)
        if (ip6_addr_isvalid(netif_ip6_addr_state(&netif_, i)))
            add(protocol_address(*netif_ip6_addr(&netif_, i)), 64);
    if (netif_ip4_gw(&netif_)->addr != 0) out.gateway4 = protocol_address(*netif_ip4_gw(&netif_));
    if (has_netif_) out.gateway6 = router();
    auto const& counted = shared_->statistics;
    auto const read = [](std::atomic<u64> const& it) { return it.load(std::memory_order_relaxed); };
    out.received_frames = read(counted.received_frames);
    out.received_bytes = read(counted.received_bytes);
    out.sent_frames = read(counted.sent_frames);
    out.sent_bytes = read(counted.sent_bytes);
    out.received_dropped = read(counted.received_dropped);
    out.received_errors = read(counted.received_errors);
    out.sent_errors = read(counted.sent_errors) + transmit_.dropped();
    out.interrupts = read(counted.interrupts);
    out.device_resets = read(counted.device_resets);
    out.driver_changes = driver_changes_;
}

} // namespace net_server
