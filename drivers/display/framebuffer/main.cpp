// The framebuffer driver: draws its client's cells (canvas.hpp) when it is told that they changed.
// All it has is the pixels, mapped write-combining, and the memory it shares with the client.
#include "drivers/display/framebuffer/canvas.hpp"
#include "log/logger.hpp"
#include "program/program.hpp"

namespace {

framebuffer::Canvas canvas;

class Driver {
    program::ClientEdge client_;
    display::Shared* shared_;

public:
    explicit Driver(program::Program const& self)
        : client_{self.client("display", 0)}, shared_{client_.memory<display::Shared>()}
    {
        logging::Logger logger{self};
        framebuffer::Surface const surface{
            .pixels = reinterpret_cast<u8*>(self.value("fb")),
            .bytes = self.value("fb.size"),
            .width = self.value("fb.width"),
            .height = self.value("fb.height"),
            .pitch = self.value("fb.pitch"),
            .red_shift = self.value("fb.red"),
            .green_shift = self.value("fb.green"),
            .blue_shift = self.value("fb.blue"),
        };
        if (!canvas.attach(surface)) {
            logger.error("the framebuffer's numbers do not fit together: {} x {}, pitch {}",
                         surface.width, surface.height, surface.pitch);
            self.status().failed.store(1, std::memory_order_release);
            runtime::exit(1);
        }
        logger.info("{} x {} pixels, {} x {} cells", surface.width, surface.height,
                    canvas.columns(), canvas.rows());
        if (shared_ == nullptr) return;
        shared_->columns.store(canvas.columns(), std::memory_order_relaxed);
        shared_->rows.store(canvas.rows(), std::memory_order_relaxed);
        shared_->epoch.store(self.epoch(), std::memory_order_release); // publishes the geometry
        draw();
    }

    void on_signal(u64) { draw(); }

private:
    void draw()
    {
        if (shared_ == nullptr) return;
        u32 const changed = shared_->changed.load(std::memory_order_acquire);
        canvas.draw(*shared_);
        shared_->drawn.store(changed, std::memory_order_release);
        client_.signal.signal();
    }
};

} // namespace

int main(void* argument)
{
    static program::Program const self{argument};
    static Driver driver{self};
    program::serve_signals(self, driver);
}
