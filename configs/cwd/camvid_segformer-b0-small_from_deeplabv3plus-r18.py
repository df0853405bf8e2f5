_base_ = "../heteroakd/camvid_segformer-b0-small_from_deeplabv3plus-r18.py"
model = dict(distillers=[dict(type="CWDLoss")])
