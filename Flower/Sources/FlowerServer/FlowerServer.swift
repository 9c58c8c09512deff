import ArgumentParser
import FederatedContrastive

/// The command-line tool for the server of a federation across machines.
@main
struct FlowerServer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "FlowerServer",
        abstract: "Leads federated pre-training or fine-tuning on Flower: one run, from 'flwr run' to its last round.",
        discussion: """
            Runs beside a SuperLink that was started with --isolation process. The sites run FlowerClient. A run that was \
            stopped goes on by --resume, with a new 'flwr run'.

            Exit codes: 0 done, 64 wrong options, 65 wrong data, 66 no input, 69 Flower cannot be reached, does not accept \
            this process, or stopped the run, 73 and 74 cannot write, 75 too few sites left, 130 and 143 stopped by a \
            signal.
            """,
        version: Provenance.versionLine, subcommands: [Pretrain.self, FineTune.self])
}
