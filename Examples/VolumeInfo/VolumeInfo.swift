import ArgumentParser

@main
struct VolumeInfo: ParsableCommand {
}
