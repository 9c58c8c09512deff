import ArgumentParser

@main
struct MakePhantoms: ParsableCommand {
}
