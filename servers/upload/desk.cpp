// See desk.hpp.
#include "servers/upload/desk.hpp"

#include "elf/elf.hpp"
#include "guest/place.hpp"
#include "kit/sha256.hpp"
#include "net/address.hpp"
#include "protocol/entropy.hpp"
#include "servers/upload/server.hpp"

namespace upload_server {

Desk::Desk(program::Program const& self, Kept& kept)
    : self_{self}, entropy_{self.use("entropy")}, clock_{self}, log_{self}, ledger_{kept}, slots_{
                                                                                               self,
                                                                                               kept}
{
}

Result<uploads::On::Reply> Desk::turn_on()
{
    if (clock_.now() == 0) return Error::absent;
    auto random = TRY(
        (program::call<entropy::Entropy, entropy::Get>(self_, entropy_, {Token::random_bytes})));
    token_.begin(random.data, clock_.now());
    uploads::On::Reply reply{};
    reply.seconds = Token::seconds;
    reply.port = Server::port;
    std::memcpy(reply.token, token_.text().data(), sizeof reply.token);
    log_.info("uploads are on for {} s", Token::seconds);
    return reply;
}

bool Desk::admit(Head const& head, Answer& answer)
{
    if (token_.check(head.token, clock_.now())) return true;
    answer.set(403, "wrong token");
    if (!is_on()) log_.warning("uploads are off: too many wrong tokens, or their time is over");
    return false;
}

bool Desk::check(Head const& head, std::string_view text, Manifest& manifest,
                 std::span<u8 const> file, Answer& answer) const
{
    answer.set(422, {});
    if (!read_manifest(text, manifest, answer.text)) return false;
    if (manifest.name != head.name) {
        answer.text.write("manifest: program.name is not the name in the address");
        return false;
    }
    auto const image = elf::Image::parse(file);
    char const* const why = image ? guest::refusal(*image) : elf::sentence(image.error());
    if (why != nullptr) text::format(answer.text, "program: {}", why);
    return why == nullptr;
}

void Desk::take(Head const& head, std::string_view text, std::span<u8 const> file, Answer& answer)
{
    // It was good when the head came: since then it may have ended, or another have taken its
    // place.
    if (!token_.is(head.token, clock_.now()))
        return answer.set(403, "too late: the token has ended");
    Manifest manifest;
    if (!check(head, text, manifest, file, answer)) return;
    auto const slot = slots_.choose(manifest.name);
    if (!slot) return answer.set(503, "all slots are taken: end one by upload stop NAME");
    token_.end(); // it was good for this one
    auto const started = slots_.start(*slot, manifest, file);
    answer.set(started ? 201 : 500, {});
    if (started)
        text::format(answer.text, "{} runs as guest{}", manifest.name, *slot);
    else
        text::format(answer.text, "it could not be started: error {}",
                     static_cast<u64>(started.error()));
}

void Desk::cannot_listen(net::Status status)
{
    log_.warning("port {}: the network refuses, status {}", Server::port, static_cast<u32>(status));
}

void Desk::note(net::Peer const& peer, Head const& head, std::span<u8 const> file,
                Answer const& answer)
{
    Line line{};
    line.wall_ns = clock_.wall();
    line.peer = peer.address;
    line.port = peer.port;
    line.status = answer.status;
    line.bytes = head.file_bytes;
    std::string_view const outcome = answer.text.view();
    std::copy_n(head.name.begin(), std::min(head.name.size(), sizeof line.name - 1), line.name);
    std::copy_n(outcome.begin(), std::min(outcome.size(), sizeof line.outcome - 1), line.outcome);
    if (!file.empty()) {
        auto const digest = kit::Sha256::of(file);
        std::memcpy(line.sha256, digest.data(), sizeof line.sha256);
    }
    ledger_.add(line);
    text::Line<48> from;
    net::write_endpoint(from, {peer.address, peer.port});
    if (answer.status == 201)
        log_.info("from {}: {}", from.view(), outcome);
    else
        log_.warning("from {}: refused with {}: {}", from.view(), answer.status, outcome);
}

} // namespace upload_server
