import Volumes

/// The description of this program for 3D Slicer, which makes a panel of it and runs the program.
///
/// Source: "Slicer Execution Model", schema of 3D Slicer 5.
enum SlicerModule {
    /// The description in XML, which `--xml` prints.
    static let xml = """
        <?xml version="1.0" encoding="utf-8"?>
        <executable>
          <category>Segmentation</category>
          <title>Segment Cardiac MRI</title>
          <description>Labels short-axis cardiac MRI with a fine-tuned U-Net. For research only: this is not a medical \
        device.</description>
          <version>\(PackageVersion.text)</version>
          <license>Apache-2.0</license>
          <contributor>The authors of Federated Contrastive</contributor>
          <parameters>
            <label>Image and model</label>
            <file fileExtensions=".safetensors">
              <name>model</name>
              <label>Model</label>
              <description>The model.safetensors of a fine-tuned run.</description>
              <index>0</index>
            </file>
            <image type="scalar" fileExtensions=".nii.gz">
              <name>image</name>
              <label>Image</label>
              <description>A stack of short-axis slices along the third axis.</description>
              <channel>input</channel>
              <index>1</index>
            </image>
            <image type="label" fileExtensions=".nii.gz">
              <name>labelMap</name>
              <label>Label map</label>
              <description>The labels, on the grid of the image.</description>
              <longflag>label-map</longflag>
              <channel>output</channel>
            </image>
          </parameters>
          <parameters advanced="true">
            <label>Labeling</label>
            <boolean>
              <name>oneView</name>
              <label>One view</label>
              <description>Label the image as it is instead of the mean of six views: six times as fast.</description>
              <longflag>no-test-time-views</longflag>
              <default>false</default>
            </boolean>
            <boolean hidden="true">
              <name>filterProgress</name>
              <label>Progress</label>
              <description>Print progress for 3D Slicer.</description>
              <longflag>filter-progress</longflag>
              <default>true</default>
            </boolean>
          </parameters>
        </executable>

        """

    /// The line that announces the beginning of the work.
    static let start = "<filter-start><filter-name>Segment</filter-name></filter-start>\n"
    /// The line that announces the end.
    static let end = "<filter-end><filter-name>Segment</filter-name></filter-end>\n"

    /// Returns the line for a fraction of the work.
    static func progress(_ fraction: Double) -> String { "<filter-progress>\(fraction)</filter-progress>\n" }
}
