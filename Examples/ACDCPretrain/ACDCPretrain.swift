import ArgumentParser

@main
struct ACDCPretrain: ParsableCommand {
}
