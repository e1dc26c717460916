/// The documents in `Profiles`, as the build puts them into the program.
enum EmbeddedProfiles {
    /// In the order in which lists show them.
    static let devices: [(name: String, text: String)] = [
        ("raspberry_pi_3b_plus", text(PackageResources.raspberry_pi_3b_plus_yaml)),
        ("raspberry_pi_4", text(PackageResources.raspberry_pi_4_yaml)),
        ("raspberry_pi_5", text(PackageResources.raspberry_pi_5_yaml)),
        ("raspberry_pi_zero_2w", text(PackageResources.raspberry_pi_zero_2w_yaml)),
        ("jetson_nano_cpu", text(PackageResources.jetson_nano_cpu_yaml)),
        ("jetson_nano", text(PackageResources.jetson_nano_yaml)),
        ("jetson_tx2_nx", text(PackageResources.jetson_tx2_nx_yaml)),
        ("jetson_orin_nano", text(PackageResources.jetson_orin_nano_yaml)),
        ("snapdragon_855", text(PackageResources.snapdragon_855_yaml)),
        ("stm32l4r5", text(PackageResources.stm32l4r5_yaml)),
        ("stm32u5", text(PackageResources.stm32u5_yaml)),
        ("stm32h7a3", text(PackageResources.stm32h7a3_yaml)),
        ("edge_server", text(PackageResources.edge_server_yaml)),
    ]

    static let links: [(name: String, text: String)] = [
        ("wifi", text(PackageResources.wifi_yaml)), ("lte", text(PackageResources.lte_yaml)),
        // Names of embedded files begin with a letter.
        ("3g", text(PackageResources.three_g_yaml)), ("ble", text(PackageResources.ble_yaml)),
        ("lora", text(PackageResources.lora_yaml)), ("ethernet", text(PackageResources.ethernet_yaml)),
    ]

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
