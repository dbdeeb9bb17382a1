// The main program of every host test: Catch2's own, plus a reporter that prints one TAP line for
// each test case, so that meson and scripts/test count cases. The plan comes last: a test program
// that dies early has none, and that is a failure. Compiled once, without optimisation, because
// Catch2's main alone takes longer to compile than a module of the kernel.
#define CATCH_CONFIG_RUNNER
#define CATCH_CONFIG_DEFAULT_REPORTER "cases"
#include <catch2/catch.hpp>
#include <iostream>

namespace {

/// `ok N - name` for each test case; the failed assertions of a case as comments before its line.
class CasesReporter : public Catch::StreamingReporterBase<CasesReporter> {
    unsigned count_ = 0;

    void comment(std::string const& text)
    {
        std::istringstream lines{text};
        for (std::string line; std::getline(lines, line);) stream << "# " << line << '\n';
    }

public:
    using StreamingReporterBase::StreamingReporterBase;
    static std::string getDescription() { return "TAP, one line for each test case"; }

    void testRunStarting(Catch::TestRunInfo const&) override { stream << "TAP version 13\n"; }
    void assertionStarting(Catch::AssertionInfo const&) override {}
    bool assertionEnded(Catch::AssertionStats const& stats) override
    {
        Catch::AssertionResult const& result = stats.assertionResult;
        if (result.isOk()) return true;
        std::ostringstream text;
        text << result.getSourceInfo() << ": " << result.getExpressionInMacro();
        if (result.hasExpandedExpression()) text << "\n  with " << result.getExpandedExpression();
        if (!result.getMessage().empty()) text << "\n  " << result.getMessage();
        for (Catch::MessageInfo const& info : stats.infoMessages) text << "\n  " << info.message;
        comment(text.str());
        return true;
    }
    void testCaseEnded(Catch::TestCaseStats const& stats) override
    {
        // A case without assertions checks nothing and must not count as passed.
        bool const empty = stats.totals.assertions.total() == 0;
        bool const good = stats.totals.testCases.failed == 0 && !empty;
        if (empty) comment("no assertion ran in this case");
        stream << (good ? "ok " : "not ok ") << ++count_ << " - " << stats.testInfo.name << '\n'
               << std::flush;
        empty_ = empty_ || empty;
    }
    void testRunEnded(Catch::TestRunStats const&) override
    {
        stream << "1.." << count_ << '\n' << std::flush;
    }
    static bool empty_; ///< whether any case had no assertion
};
bool CasesReporter::empty_ = false;

} // namespace

CATCH_REGISTER_REPORTER("cases", CasesReporter)

int main(int argc, char* argv[])
{
    int const failed = Catch::Session().run(argc, argv);
    return failed != 0 || CasesReporter::empty_ ? 1 : 0;
}
