import java.io.*;
import java.nio.charset.StandardCharsets;
import java.util.*;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.*;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.*;
import org.verapdf.pdfa.validation.profiles.RuleId;

/**
 * Judges one PDF after another on standard input, for conformance/arbiters/verapdf/jvm.py.
 * In: a line "flavour size", then size bytes. Out: one "rule" line a failed rule, then one line "done" or "fault".
 */
class Driver {
    public static void main(String[] args) throws IOException {
        DataInputStream in = new DataInputStream(new BufferedInputStream(System.in, 1 << 16));
        PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), false, "UTF-8");
        System.setOut(System.err); // whatever the library prints must not be taken for an answer
        VeraGreenfieldFoundryProvider.initialise();
        say(out, "ready", org.verapdf.ReleaseDetails.byId("core") == null ? "" : org.verapdf.ReleaseDetails.byId("core").getVersion());
        for (String[] asked; (asked = line(in).split(" ")).length == 2; ) {
            byte[] pdf = new byte[Integer.parseInt(asked[1])];
            in.readFully(pdf);
            try {
                judge(out, PDFAFlavour.fromString(asked[0]), pdf);
            } catch (Throwable fault) { // a hostile file may exhaust stack or heap: the next one is still judged
                say(out, "fault", fault.getClass().getSimpleName(), String.valueOf(fault.getMessage()));
            }
        }
    }

    static void judge(PrintStream out, PDFAFlavour flavour, byte[] pdf) throws Exception {
        VeraPDFFoundry foundry = Foundries.defaultInstance();
        try (PDFAParser parser = foundry.createParser(new ByteArrayInputStream(pdf), flavour);
                PDFAValidator validator = foundry.createValidator(flavour, 1, false, true, false)) {
            ValidationResult result = validator.validate(parser);
            Map<RuleId, TestAssertion> samples = new HashMap<>();
            for (TestAssertion a : result.getTestAssertions())
                if (a.getStatus() == TestAssertion.Status.FAILED) samples.putIfAbsent(a.getRuleId(), a);
            for (Map.Entry<RuleId, Integer> failed : result.getFailedChecks().entrySet()) {
                RuleId rule = failed.getKey();
                TestAssertion sample = samples.get(rule);
                say(out, "rule", rule.getSpecification().getId(), rule.getClause(), "" + rule.getTestNumber(),
                    "" + failed.getValue(), sample == null ? "" : sample.getLocation().getContext(),
                    sample == null ? "" : sample.getMessage());
            }
            say(out, "done", "" + result.isCompliant(), "" + result.getTotalAssertions());
        }
    }

    static void say(PrintStream out, String... words) {
        StringJoiner row = new StringJoiner("\t");
        for (String word : words) row.add(word.substring(0, Math.min(word.length(), 500)).replaceAll("\\s+", " "));
        out.print(row + "\n");
        out.flush();
    }

    static String line(InputStream in) throws IOException {
        ByteArrayOutputStream read = new ByteArrayOutputStream();
        for (int b; (b = in.read()) >= 0 && b != '\n' && read.size() < 100; ) read.write(b);
        return read.toString(StandardCharsets.US_ASCII);
    }
}
